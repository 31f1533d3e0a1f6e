import { isScalar } from '../../api/json.js';

export interface Change {
  /** `lines.0.amount`; empty for the whole state. */
  path: string;
  before: unknown;
  after: unknown;
}

const MOST = 200;

/** What differs between two states; worked out here, so that a verified entry's changes are verified too. */
export function listChanges(before: unknown, after: unknown): Change[] {
  const changes: Change[] = [];
  if (before !== null || after !== null) compare(before ?? {}, after ?? {}, '', changes);
  return changes;
}

function compare(before: unknown, after: unknown, path: string, changes: Change[]): void {
  if (before === after || changes.length >= MOST) return;
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const name of names)
      compare(own(before, name), own(after, name), path === '' ? name : `${path}.${name}`, changes);
    return;
  }
  // A number that was kept digit by digit is an object, another one each time it is read.
  if (isScalar(before) && isScalar(after) && JSON.stringify(before) === JSON.stringify(after)) return;
  changes.push({ path, before, after });
}

type Container = Record<string, unknown>;
const isContainer = (value: unknown): value is Container => !isScalar(value);
const own = (container: Container, name: string) => (Object.hasOwn(container, name) ? container[name] : undefined);
