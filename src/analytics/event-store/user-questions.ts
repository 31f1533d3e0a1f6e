import type { TimeRange } from '../../platform/time/time.js';
import type { Filter } from '../filters/filter.js';
import type { StoredContext } from '../properties/event-context.js';

/** Which events of one user are asked for. */
export interface UserQuestion {
  userId: string;
  range: TimeRange;
  filter?: Filter | undefined;
}

export interface TypeSummary {
  event_type: string;
  count: number;
  first_time: string;
  last_time: string;
}

export interface SessionSummary {
  session_id: string | null;
  started_at: string;
  ended_at: string;
  events: number;
}

export interface UserEvent extends StoredContext {
  id: string;
  event_id: string;
  event_type: string;
  /** In UTC, with all digits that were sent: so a page can go on from it. */
  event_time: string;
  client_id: string;
  payload: Record<string, unknown>;
}

export interface RecentEvent extends UserEvent {
  session_id: string | null;
}

export interface JourneyEvent extends UserEvent, SessionSummary {
  /** Distinguishes sessions without an id. */
  part: string | null;
}

/** Of the last event of the page before. */
export interface JourneyPlace {
  time: string;
  id: string;
}

/** What one user did. */
export interface UserSummary {
  byType: TypeSummary[];
  /** The last {@link MAX_SESSIONS}, newest first. */
  sessions: SessionSummary[];
  /** The last {@link RECENT_EVENTS}, newest first. */
  recent: RecentEvent[];
}

export const MAX_SESSIONS = 100;
export const RECENT_EVENTS = 20;
