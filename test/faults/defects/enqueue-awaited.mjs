import { PROCESS_BATCHES } from '../../../dist/events/processing/events.jobs.js';
import { IngestWriter } from '../../../dist/events/ingest/ingest-writer.js';

const { insert } = IngestWriter.prototype;

IngestWriter.prototype.insert = async function (events) {
  const stored = await insert.call(this, events);
  await this.notifier.queue.add(PROCESS_BATCHES, { batch_ids: [] });
  return stored;
};
