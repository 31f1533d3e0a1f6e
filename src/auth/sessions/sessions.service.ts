import { Inject, Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { createHash, randomBytes } from 'node:crypto';
import { recordOf } from '../../audit/entries/act.js';
import type { Recorder } from '../../audit/entries/entry.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { uuid7 } from '../../platform/database/uuid7.js';
import { isSessionToken } from './session-cookie.js';
import { type Session, SessionsRepository } from './sessions.repository.js';

/** A session is read again when its cached copy is older. */
const FRESH_MS = 1_000;
const MAX_CACHED = 10_000;
/** The use of a session is noted once in so many seconds. */
const TOUCH_SECONDS = 60;
const SESSIONS_PER_SUBJECT = 100;

/**
 * Sessions of people at the dashboard. A session says only who signed in and until when. What they may do is decided
 * with each request by the key they signed in with.
 */
@Injectable()
export class SessionsService {
  private readonly logger = new Logger(SessionsService.name);
  /** What is being read, or was. */
  private readonly cache = new LRUCache<string, Promise<Session | null>>({ max: MAX_CACHED, ttl: FRESH_MS });
  private readonly touchedAt = new LRUCache<string, number>({ max: MAX_CACHED });
  /** Ids of sessions asked about since the last look. */
  private readonly asked = new Set<string>();
  private looked = { asked: new Set<string>(), open: new Set<string>(), at: -Infinity };
  private looking: Promise<void> | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly sessions: SessionsRepository,
  ) {}

  /** @returns the token, which only the browser gets */
  async open(subject: string, by: Recorder): Promise<string> {
    const [id, token] = [uuid7(), randomBytes(32).toString('base64url')];
    const session = { id, tokenHash: hashOf(token), subject, lifetimeSeconds: this.config.SESSION_LIFETIME };
    const record = recordOf(by, { action: 'CREATE', resource: 'dashboard_session', id, message: 'Signed in' });
    await this.sessions.insert(session, SESSIONS_PER_SUBJECT, record);
    return token;
  }

  /** The session of a token, at most a second old; null when there is none, or it has ended. */
  async find(token: string): Promise<Session | null> {
    if (!isSessionToken(token)) return null;
    const tokenHash = hashOf(token);
    const session = await this.read(tokenHash);
    if (session === null || session.expiresAt.getTime() <= Date.now()) return null;
    this.noteUse(session);
    return session;
  }

  /** For connections that outlive a request: all that are asked about once a second are read in one query. */
  async isOpen(id: string): Promise<boolean> {
    this.asked.add(id);
    while (!this.looked.asked.has(id) || performance.now() - this.looked.at > FRESH_MS) await this.look();
    return this.looked.open.has(id);
  }

  async close(id: string, by: Recorder): Promise<void> {
    await this.sessions.delete(
      id,
      recordOf(by, { action: 'DELETE', resource: 'dashboard_session', id, message: 'Signed out' }),
    );
    this.cache.clear();
  }

  private look(): Promise<void> {
    this.looking ??= this.readOpen().finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async readOpen(): Promise<void> {
    const asked = new Set(this.asked);
    this.asked.clear();
    const open = new Set(await this.sessions.listOpen([...asked], this.config.SESSION_IDLE_TIMEOUT));
    this.looked = { asked, open, at: performance.now() };
  }

  private read(tokenHash: Buffer): Promise<Session | null> {
    const name = tokenHash.toString('latin1');
    const known = this.cache.get(name);
    if (known !== undefined) return known;
    const session = this.sessions.findByToken(tokenHash, this.config.SESSION_IDLE_TIMEOUT);
    this.cache.set(name, session);
    session.catch(() => {
      if (this.cache.peek(name) === session) this.cache.delete(name);
    });
    return session;
  }

  /** Best effort: when it fails, the session ends up to a minute early. */
  private noteUse({ id, lastUsedAt }: Session): void {
    const every = Math.min(TOUCH_SECONDS, this.config.SESSION_IDLE_TIMEOUT / 4) * 1_000;
    const before = Math.max(lastUsedAt.getTime(), this.touchedAt.get(id) ?? 0);
    if (Date.now() - before < every) return;
    this.touchedAt.set(id, Date.now());
    this.sessions.touch(id).catch((error: Error) => this.logger.warn(`use of a session not noted: ${error.message}`));
  }
}

const hashOf = (token: string) => createHash('sha256').update(token).digest();
