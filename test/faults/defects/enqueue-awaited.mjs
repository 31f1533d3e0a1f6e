import { PROCESS_BATCHES } from '../../../dist/events/events.jobs.js';
import { IngestWriter } from '../../../dist/events/ingest-writer.js';

const { insert } = IngestWriter.prototype;

IngestWriter.prototype.insert = async function (events) {
  const stored = await insert.call(this, events);
  await this.doorbell.queue.add(PROCESS_BATCHES, { batch_ids: [] });
  return stored;
};
