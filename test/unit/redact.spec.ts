import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { loadConfig } from '../../src/platform/config/config.js';
import { NestLogger } from '../../src/platform/logging/logger.js';
import { redact } from '../../src/platform/logging/redact.js';
import { plantBare, plantNamed, shows } from '../support/planted-secrets.js';

const SETTINGS = [`pl@tform/${randomBytes(24).toString('base64')}+"a/b\\!`, randomBytes(32).toString('hex')];

describe('redaction', () => {
  beforeAll(() => {
    loadConfig({
      DATABASE_URL: 'postgresql://localhost/tidemark',
      PLATFORM_API_KEY: SETTINGS[0],
      JWT_SECRET: SETTINGS[1],
    });
  });

  const settings = plantBare(SETTINGS);
  const planted = [...settings, ...plantNamed()];

  it('is about twenty forms and more, in each of which the secret can be read', () => {
    expect(planted.length).toBeGreaterThan(20);
    expect(planted.filter(({ text, secret }) => !shows(text, secret))).toEqual([]);
  });

  it.each(planted.map(({ what, text, secret }) => [what, text, secret]))('hides %s: %s', (_what, text, secret) => {
    for (const place of [text, `seen ${text}`, `at ${text}, later`, `"${text}"`, `(${text})`, `${text}\n${text}`]) {
      expect(shows(redact(place), secret)).toBe(false);
      expect(redact(redact(place))).toBe(redact(place));
    }
  });

  it.each(settings.map(({ what, text, secret }) => [what, text, secret]))(
    'hides %s in paths',
    (_what, text, secret) => {
      for (const path of [`/api/v1/events/${text}`, `/v1/projects/${text}/settings`, `/a/bc/${text}/d?x=${text}&y=1`]) {
        expect([redact(path), shows(redact(path), secret)]).toEqual([redact(path), false]);
      }
    },
  );

  it('is done for all that is logged', () => {
    const lines: string[] = [];
    const logger = new NestLogger(pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }));
    for (const { text } of planted) {
      logger.log(`message ${text}`);
      logger.warn(new Error(`cannot connect to ${text}`));
      logger.error(`failed: ${text}`, new Error(text).stack, 'Context');
      logger.error(`failed: ${text}`, `Error: ${text}\n  at f`, text);
      logger.debug({ toString: () => text });
      logger.fatal(`${'x'.repeat(8_000 - text.length)} ${text} ${'y'.repeat(400)}`);
    }
    expect(lines).toHaveLength(planted.length * 6);
    for (const { what, secret } of planted) {
      const found = lines.filter((line) => shows(line, secret));
      expect([what, found]).toEqual([what, []]);
    }
  });

  it.each([
    '/api/v1/events/01a1fb00-0000-7000-8000-000000000000',
    '/api/v1/analytics/group-by-client-and-type?from=2026-01-01T00:00:00Z&limit=5',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
    'Invalid access token: its key no longer exists.',
    'Authorization must be "Bearer <API key>".',
    'A basic authentication of bearer tokens, 100 % of it.',
    'PLATFORM_API_KEY must be at least 24 characters long',
    'request 01a1fb00-0000-7000-8000-000000000000: connect ECONNREFUSED 127.0.0.1:5432',
    'postgresql://localhost:5432/tidemark',
    'commit of 3 requests: Connection terminated unexpectedly',
    '/api/v1/events/50%25',
  ])('leaves alone what holds no secret: %s', (text) => expect(redact(text)).toBe(text));
});
