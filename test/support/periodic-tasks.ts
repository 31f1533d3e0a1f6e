import { SchedulerRegistry } from '@nestjs/schedule';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { PeriodicTasks } from '../../src/platform/scheduling/periodic-tasks.js';

/** For a class whose periodic task the test runs by hand. */
export const unstartedTasks = () => new PeriodicTasks(new SchedulerRegistry(), new Metrics());
