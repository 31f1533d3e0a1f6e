/**
 * The rooms of src and their order. Lint holds the code to it, and a test holds the pictures in docs/architecture.md to it.
 *
 * A folder may import those that stand before it here, and none after it.
 */
const FOLDERS = [
  'platform',
  'audit',
  'tenants',
  'keys',
  'auth',
  'analytics',
  'events',
  'clickhouse',
  'metrics-gateway',
  'retention',
  'privacy',
  'monitoring',
  'cells',
  'dashboard-files',
  'openapi',
  'queue-board',
];

/**
 * Inside a folder: which rooms a room builds on. It may import those and what they build on, at any distance. The files
 * that stand in the folder itself, in no room, may import all of its rooms and are imported by none.
 */
const ROOMS = {
  platform: {
    json: [],
    time: ['json'],
    config: ['time'],
    logging: ['config'],
    database: ['config', 'json'],
    clickhouse: ['database'],
    metrics: ['database'],
    scheduling: ['logging', 'metrics'],
    tracing: ['scheduling'],
    http: ['database', 'logging', 'time'],
    redis: ['config'],
    queues: ['database', 'logging', 'redis'],
    health: ['clickhouse', 'http', 'queues', 'scheduling'],
  },
  audit: {
    'call-log': [],
    preservation: [],
    'transparency-log': ['preservation'],
    entries: ['call-log', 'transparency-log'],
    search: ['entries'],
    export: ['search'],
    verifier: ['transparency-log'],
    archive: ['export', 'verifier'],
    api: ['archive'],
    'audit-events': ['api'],
  },
  auth: { limits: [], sessions: [] },
  analytics: {
    time: [],
    cache: [],
    properties: [],
    filters: ['properties'],
    saved: [],
    segments: ['cache', 'filters', 'saved'],
    rollups: ['time'],
    sampling: ['time'],
    'event-store': ['filters', 'sampling'],
    'postgresql-store': ['event-store', 'rollups'],
    'clickhouse-store': ['event-store'],
    engines: ['clickhouse-store', 'postgresql-store'],
    counts: ['engines', 'segments'],
    queries: ['counts'],
    funnels: ['cache', 'counts'],
    overview: ['funnels'],
    users: ['overview'],
  },
  events: {
    parsing: [],
    'sample-data': [],
    schemas: ['parsing'],
    reading: ['parsing'],
    enrichment: ['reading'],
    'dead-letters': ['reading', 'schemas'],
    processing: ['dead-letters'],
    ingest: ['enrichment', 'processing'],
    cloudevents: ['ingest'],
    segment: ['ingest'],
    api: ['cloudevents'],
    jobs: ['ingest', 'sample-data'],
  },
  retention: { rules: [], schedule: [], removal: ['rules', 'schedule'], storage: [] },
  privacy: { subject: [], erasures: ['subject'], erasers: ['erasures'] },
};

/** All rooms that `room` may import. @throws where rooms build on each other in a circle, or on one that is not there */
function below(rooms, room, path = []) {
  if (path.includes(room)) throw new Error(`The rooms ${[...path, room].join(' → ')} build on each other.`);
  const direct = rooms[room];
  if (direct === undefined) throw new Error(`There is no room ${room}.`);
  return [...new Set(direct.flatMap((next) => [next, ...below(rooms, next, [...path, room])]))];
}

module.exports = { FOLDERS, ROOMS, below };
