import type { MentionsPolicy } from './erasures/erasures.dto.js';

export const COVERED = [
  'events of this user_id, and of anonymous ids that identify, alias or track tied to it and to nobody else: user_id, session_id, event_id, payload, enrichment, context',
  'events and audit entries without a user in sessions that nobody else was in',
  'dead letters, replaced payloads, days of users and sessions',
  'audit entries of this user_id, in archives too: every personal field',
  'API calls that brought only records of this person: address and user agent',
  'paths of API calls in which a parameter is this user_id or one of the person’s event_ids, in any percent-encoding',
];

const ALWAYS = [
  'files: exports, copies of audit archives and versions of them that a bucket keeps, logs and backups made before; planner statistics and dead rows of PostgreSQL until it vacuums and analyses',
  'answers that an API process keeps for at most ANALYTICS_CACHE_TTL_SECONDS',
  'other people’s records where the user_id is only a part of a text, or stands in event_id, session_id or idempotency_key',
  'numbers, unless below a name like user_id, uid or customer_id',
  'other spellings of an e-mail address as a user_id (other_spellings): ask for each by itself',
  'anonymous ids and sessions that others share (shared_anonymous_ids, shared_sessions), and what is in them without a user',
  'user ids that alias or identify linked to this one (linked_user_ids): ask for each by itself',
  'addresses and user agents of API calls that carried records of several people or stored nothing, or that read, enriched or administered',
  'paths of calls without a valid key or to addresses that do not exist: they belong to no tenant',
  'who did what to which resource in entries that Tidemark itself recorded',
];

const KEPT_MENTIONS =
  'mentions in other people’s records (mentions_in_*), filters of recorded exports and saved funnels among them: counted, not changed';

/** What an erasure does not cover; its receipt says so. */
export const notCovered = (mentions: MentionsPolicy): string[] =>
  mentions === 'keep' ? [...ALWAYS, KEPT_MENTIONS] : ALWAYS;
