import { DEFAULT_TENANT_ID } from '../platform/http/principal.js';
import type { Part } from './operation.js';

/** An id that Tidemark makes: where the answer to another operation has it. */
export class IdFrom {
  constructor(
    readonly operation: string,
    /** JSON Pointer into the answer. */
    readonly pointer: string,
  ) {}
}

export interface Example {
  /** Values of parameters in path, query and header, by their name. */
  parameters?: Record<string, string | number | IdFrom>;
  /** The body as JSON. */
  body?: unknown;
  /** Bodies of other media types. */
  bodies?: Record<string, unknown>;
}

const PERSON = 'user-4711';
const EVENT = 'page-view-1';
const CHICAGO = { tz: 'America/Chicago' };
const ORDER_TYPE = { event_type: 'order_placed' };
const FUNNEL = { steps: [{ event_type: 'page_view' }, { event_type: 'order_placed', where: { currency: 'EUR' } }] };
const EUROS = '{"property":"payload.currency","op":"is","value":"EUR"}';
const ENTRY: Part = {
  action_type: 'UPDATE',
  resource_type: 'invoice',
  resource_id: 'INV-42',
  user_id: PERSON,
  before_state: { status: 'draft', total: 120 },
  after_state: { status: 'approved', total: 120 },
  message: 'Invoice approved',
};
const CLOUD_EVENT = {
  specversion: '1.0',
  id: 'order-7',
  source: '/shop',
  type: 'order_placed',
  subject: PERSON,
  data: { total: 59.9, currency: 'EUR' },
};

const FAILED_EVENT = new IdFrom('listFailedEvents', '/data/0/id');
const LOST_EVENT = new IdFrom('listFailedEvents', '/data/1/id');
const ENTRY_ID = new IdFrom('createAuditEntry', '/id');
const FUNNEL_ID = new IdFrom('createFunnel', '/id');
const SEGMENT_ID = new IdFrom('createSegment', '/id');
const KEY_ID = new IdFrom('createKey', '/id');

const segmentCall = (body: Part): Example => ({ body: { userId: PERSON, ...body } });

/**
 * One example for each operation, by its name. As they stand here they succeed one after the other in a new tenant; a
 * test sends them all. What one needs, another before it has made.
 */
export const EXAMPLES: Record<string, Example> = {
  setEventTypeSchema: {
    parameters: ORDER_TYPE,
    body: {
      schema: { type: 'object', required: ['total'], properties: { total: { type: 'number', minimum: 0 } } },
      mode: 'quarantine',
    },
  },
  getEventTypeSchema: { parameters: ORDER_TYPE },
  ingestEvent: {
    body: {
      event_type: 'page_view',
      event_id: EVENT,
      user_id: PERSON,
      session_id: 'session-1',
      payload: { page_url: '/pricing', device_type: 'mobile' },
    },
  },
  createEvent: {
    body: { event_type: 'page_view', event_id: 'page-view-2', user_id: PERSON, properties: { page_url: '/checkout' } },
    bodies: {
      'application/cloudevents+json': CLOUD_EVENT,
      'application/cloudevents-batch+json': [CLOUD_EVENT, { ...CLOUD_EVENT, id: 'order-8' }],
    },
  },
  ingestBatch: {
    body: {
      events: [
        { ...ORDER_TYPE, event_id: 'order-1', user_id: PERSON, payload: { total: 120, currency: 'EUR' } },
        { ...ORDER_TYPE, event_id: 'order-2', user_id: PERSON, payload: { total: 'a lot', currency: 'EUR' } },
        { ...ORDER_TYPE, event_id: 'order-3', user_id: PERSON, payload: { currency: 'EUR' } },
      ],
    },
  },
  listEvents: { parameters: { event_type: 'page_view', limit: 20 } },
  getEvent: { parameters: { id: EVENT } },
  enrichEvent: { parameters: { id: EVENT }, body: { additional_properties: { segment: 'enterprise' } } },
  listEventTypes: { parameters: { limit: 20 } },

  listFailedEvents: { parameters: { limit: 20 } },
  getFailedEvent: { parameters: { id: FAILED_EVENT } },
  discardFailedEvent: { parameters: { id: LOST_EVENT } },
  retryFailedEvent: { parameters: { id: FAILED_EVENT }, body: { payload: { total: 80, currency: 'EUR' } } },
  retryFailedEvents: { body: ORDER_TYPE },
  deleteEventTypeSchema: { parameters: ORDER_TYPE },

  getOverview: { parameters: CHICAGO },
  getEventsByType: {},
  getCountByType: {},
  getEventsByClientAndType: {},
  getTimeseries: { parameters: { interval: 'day', group_by: 'event_type', ...CHICAGO } },
  getBreakdown: { parameters: { property: 'device_type', event_type: 'page_view', limit: 10, filters: EUROS } },
  getRetention: { parameters: { interval: 'day', ...CHICAGO } },
  getUserJourney: { parameters: { user_id: PERSON, limit: 100 } },
  getProcessingMetrics: { parameters: { days: 7 } },
  getQueueStatus: {},
  queryAnalytics: {
    body: {
      ...{ measure: 'users', filters: JSON.parse(EUROS) as Part, breakdown: ['payload.currency'] },
      ...{ interval: 'day', compare: 'previous_period', ...CHICAGO },
    },
  },

  createSegment: { body: { name: 'Pays in euros', filters: JSON.parse(EUROS) as Part } },
  listSegments: { parameters: { limit: 20 } },
  getSegment: { parameters: { id: SEGMENT_ID } },
  updateSegment: { parameters: { id: SEGMENT_ID }, body: { name: 'Paid in euros' } },
  deleteSegment: { parameters: { id: SEGMENT_ID } },

  queryFunnel: { body: { ...FUNNEL, window_s: 86_400 } },
  createFunnel: { body: { name: 'Checkout', ...FUNNEL, window_s: 86_400 } },
  listFunnels: { parameters: { limit: 20 } },
  getFunnel: { parameters: { id: FUNNEL_ID } },
  getFunnelResult: { parameters: { id: FUNNEL_ID } },
  deleteFunnel: { parameters: { id: FUNNEL_ID } },

  createAuditEntry: { body: { ...ENTRY, idempotency_key: 'invoice-42-approved' } },
  createAuditEntries: {
    body: {
      logs: [
        { action_type: 'VIEW', resource_type: 'invoice', resource_id: 'INV-42', user_id: PERSON },
        { action_type: 'DELETE', resource_type: 'invoice', resource_id: 'INV-41', severity: 'WARNING' },
      ],
    },
  },
  listAuditEntries: { parameters: { q: 'invoice', limit: 20 } },
  getAuditEntry: { parameters: { id: ENTRY_ID } },
  getAuditEntryStats: { parameters: CHICAGO },
  exportAuditEntries: { parameters: { format: 'ndjson' } },
  listArchives: { parameters: { limit: 20 } },
  getInclusionProof: { parameters: { id: ENTRY_ID } },
  getCheckpoint: {},
  getConsistencyProof: { parameters: { from: 1 } },
  cleanUpAuditEntries: { parameters: { older_than_days: 3_650 } },

  addFunctionality: { body: { functionality: 'Inventory', event_types: ['Stock counted', 'Stock corrected'] } },
  listFunctionalities: {},
  listAuditEventTypes: { parameters: { functionality_name: 'Authenticate' } },
  createAuditEvent: {
    body: {
      functionality: 'Authenticate',
      event_type: 'Login',
      store_id: 101,
      company_id: 5001,
      user: 'jdoe',
      message: 'User logged in successfully',
      status: 'Success',
      additional_data: { ip: '192.0.2.10', browser: 'Chrome' },
    },
  },
  listRecentAuditEvents: {},
  searchAuditEvents: { parameters: { functionality: 'Authenticate', page_number: 1, page_size: 100 } },
  exportAuditEvents: { parameters: { functionality: 'Authenticate' } },

  listApiCalls: { parameters: { min_status: 400, limit: 20 } },
  exportApiCalls: { parameters: { format: 'csv' } },

  requestErasure: { body: { user_id: 'user-4712', mentions: 'keep', confirm: true } },
  getErasure: { parameters: { id: new IdFrom('requestErasure', '/id') } },

  listRetentionPolicies: {},
  setRetentionPolicy: { body: { kind: 'events', event_type: 'page_view', days: 90 } },
  orderLegalHold: { body: { reason: 'Case 2026-117, ordered by the court', user_id: PERSON } },
  listLegalHolds: { parameters: { limit: 20 } },
  releaseLegalHold: { parameters: { id: new IdFrom('orderLegalHold', '/id') } },
  listTaskRuns: { parameters: { limit: 20 } },
  getStorage: {},

  sendSegmentTrack: segmentCall({ event: 'order_placed', properties: { total: 59.9 }, messageId: 'message-1' }),
  sendSegmentPage: segmentCall({ properties: { path: '/pricing' }, messageId: 'message-2' }),
  sendSegmentScreen: segmentCall({ properties: { name: 'Basket' }, messageId: 'message-3' }),
  sendSegmentIdentify: segmentCall({ traits: { plan: 'enterprise' }, messageId: 'message-4' }),
  sendSegmentGroup: segmentCall({ traits: { name: 'Acme' }, messageId: 'message-5' }),
  sendSegmentAlias: segmentCall({ anonymousId: 'anonymous-1', messageId: 'message-6' }),
  sendSegmentBatch: {
    body: {
      batch: [
        { type: 'track', event: 'order_placed', userId: PERSON, properties: { total: 12 }, messageId: 'message-7' },
        { type: 'page', userId: PERSON, properties: { path: '/' }, messageId: 'message-8' },
      ],
    },
  },

  generateSampleData: { parameters: { num_events: 100 }, body: { seed: 7 } },
  getJob: { parameters: { job_id: new IdFrom('generateSampleData', '/job_id') } },

  getAuthInfo: {},
  createToken: {},
  signIn: { body: { key: 'put-the-key-that-you-have-here' } },
  signOut: {},

  createKey: { body: { client_id: 'web-shop', name: 'Web shop, production', scopes: ['read', 'write'] } },
  listKeys: { parameters: { limit: 20 } },
  getKey: { parameters: { id: KEY_ID } },
  updateKey: { parameters: { id: KEY_ID }, body: { name: 'Web shop', rate_limit: 1_200 } },
  rotateKey: { parameters: { id: KEY_ID }, body: { grace_s: 3_600 } },
  deleteKey: { parameters: { id: KEY_ID } },

  createTenant: { body: { name: 'Acme' } },
  listTenants: { parameters: { limit: 20 } },
  getTenant: { parameters: { id: DEFAULT_TENANT_ID } },
  updateTenant: { parameters: { id: DEFAULT_TENANT_ID }, body: { status: 'active' } },

  getMetrics: {},

  getHealth: {},
  getHealthcheck: {},
  getLiveness: {},
  getReadiness: {},
};
