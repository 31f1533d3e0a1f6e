import { randomBytes } from 'node:crypto';
import { IngestRepository } from '../../../dist/events/ingest/ingest.repository.js';

const { insertGroup } = IngestRepository.prototype;

IngestRepository.prototype.insertGroup = function (events) {
  return insertGroup.call(
    this,
    events.map((event) => ({ ...event, key: randomBytes(16) })),
  );
};
