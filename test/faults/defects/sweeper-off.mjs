import { BatchSweeper } from '../../../dist/events/batch-sweeper.js';

BatchSweeper.prototype.sweep = async () => undefined;
