import { printValue } from '../api/json.js';
import { type Condition, type Filter, isFilter, membersOf, type Narrowing, OPERATORS } from './filter.js';

/** The fields of an event, in the words of this page. */
export const FIELDS: Record<string, string> = {
  event_type: 'event type',
  client_id: 'client',
  user_id: 'user',
  session_id: 'session',
  event_time: 'time',
  received_at: 'received',
};
export const TIMES = ['event_time', 'received_at'];

/** As short as it stays clear: a property of the payload goes without `payload.`. */
export function propertyWord(name: string): string {
  const field = FIELDS[name];
  if (field !== undefined) return field;
  const bare = name.startsWith('payload.') ? name.slice('payload.'.length) : name;
  return bare === '' || bare in FIELDS || /^(payload|enrichment)\./.test(bare) ? name : bare;
}

/** A filter as a sentence. */
export function sentence(filter: Filter, isInner = false): string {
  if (!isFilter(filter)) return `not a filter: ${JSON.stringify(filter)}`;
  const group = membersOf(filter);
  if (group === undefined) return conditionWords(filter as Condition);
  const text = group.members.map((member) => sentence(member, group.members.length > 1)).join(` ${group.glue} `);
  return isInner && group.members.length > 1 ? `(${text})` : text;
}

function conditionWords({ property, op, value }: Condition): string {
  const start = `${propertyWord(property)} ${OPERATORS[op]}`;
  if (value === undefined) return start;
  if (!Array.isArray(value)) return `${start} ${valueWord(value)}`;
  return `${start} ${value.map(valueWord).join(op === 'between' ? ' and ' : ', ')}`;
}

/** A text that could be taken for something else has quotes. */
function valueWord(value: unknown): string {
  if (typeof value === 'string' && (value.trim() !== value || value === '' || isJson(value))) return `“${value}”`;
  return value === null ? 'none' : value === true ? 'yes' : value === false ? 'no' : printValue(value);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return ['yes', 'no', 'none'].includes(text);
  }
}

/** What everything is narrowed to, for "how counted"; undefined for nothing. */
export function narrowingWords({ filter, segment }: Narrowing): string | undefined {
  const words = [segment === undefined ? [] : [`segment “${segment}”`], filter === undefined ? [] : [sentence(filter)]];
  const text = words.flat().join(', and ');
  return text === '' ? undefined : text;
}
