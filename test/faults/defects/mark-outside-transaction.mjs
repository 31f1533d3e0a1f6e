import { BatchesRepository } from '../../../dist/events/processing/batches.repository.js';
import { Database } from '../../../dist/platform/database/database.js';

/** Widens the gap between rollups and mark, which the defect opens, so that few kills are enough to hit it. */
const GAP_MS = 100;

const { inSystem } = Database.prototype;
const { markProcessed } = BatchesRepository.prototype;
let system;

Database.prototype.inSystem = function (work) {
  system = this.system;
  return inSystem.call(this, work);
};

BatchesRepository.prototype.markProcessed = async function (_sql, ids) {
  setTimeout(() => markProcessed.call(this, system, ids).catch(() => undefined), GAP_MS);
};
