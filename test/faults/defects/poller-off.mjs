import { BatchPoller } from '../../../dist/events/processing/batch-poller.js';

BatchPoller.prototype.poll = async () => undefined;
