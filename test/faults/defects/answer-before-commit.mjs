import { IngestRepository } from '../../../dist/events/ingest/ingest.repository.js';

/** Widens the gap between answer and commit, which the defect opens, so that few kills are enough to hit it. */
const GAP_MS = 50;

const { insertGroup } = IngestRepository.prototype;

IngestRepository.prototype.insertGroup = async function (events) {
  setTimeout(() => insertGroup.call(this, events).catch(() => undefined), GAP_MS);
  return { known: new Set(), batchIds: [] };
};
