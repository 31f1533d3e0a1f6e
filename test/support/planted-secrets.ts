import { randomBytes } from 'node:crypto';

/** A credential as somebody may write it, and the part of it that nobody may read anywhere. */
export interface Planted {
  what: string;
  text: string;
  secret: string;
}

const random = (bytes = 32) => randomBytes(bytes).toString('base64url');
const percent = (text: string) => text.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
const base64 = (text: string) => Buffer.from(text).toString('base64');

export const makeKey = () => `tmk_${random(12)}_${random().slice(0, 43)}`;

function makeToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: random(), exp: 1 })}.${random()}`;
}

/** Credentials that can be told by themselves, wherever they stand; `settings` are values of the process's own settings. */
export function plantBare(settings: readonly string[]): Planted[] {
  const forms: [string, string, (text: string) => string][] = [
    ['a key', makeKey(), (text) => text],
    ['a key in capitals', makeKey().toUpperCase(), (text) => text],
    ['a key whose first letter is percent-encoded', makeKey(), (text) => `%74${text.slice(1)}`],
    ['a key with %5F', makeKey(), (text) => text.replaceAll('_', '%5F')],
    ['a percent-encoded key', makeKey(), percent],
    ['a key that is percent-encoded twice', makeKey(), (text) => percent(text).replaceAll('%', '%25')],
    ['a key in base64, as of Basic authentication', makeKey(), (text) => base64(`${text}:`)],
    ['a key in base64 behind a user', makeKey(), (text) => base64(`me:${text}`)],
    ['a key in base64url', makeKey(), (text) => Buffer.from(text).toString('base64url')],
    ['a token', makeToken(), (text) => text],
    ['a token in base64', makeToken(), (text) => base64(`${text}:`)],
    ['a percent-encoded token', makeToken(), percent],
  ];
  for (const value of settings) {
    forms.push(['a setting', value, (text) => text]);
    if (value.includes('+')) forms.push(['a setting in a decoded query', value, (text) => text.replaceAll('+', ' ')]);
    forms.push(['a setting in a string of JSON', value, (text) => JSON.stringify(text)]);
    forms.push(['a percent-encoded setting', value, percent]);
    forms.push(['a setting in base64', value, (text) => base64(`${text}:`)]);
  }
  return forms.map(([what, secret, write]) => ({ what, text: write(secret), secret: secret.slice(22) }));
}

/** Credentials that only what stands beside them gives away. */
export function plantNamed(): Planted[] {
  const forms: [string, (secret: string) => string][] = [
    ['a database URL', (secret) => `postgresql://tidemark:${secret}@db.internal:5432/tidemark`],
    ['a Redis URL without a user', (secret) => `rediss://:${secret}@cache:6379/0`],
    ['a password of a connection string', (secret) => `host=db user=tidemark password=${secret} dbname=x`],
    ['the parameter api_key', (secret) => `GET /api/v1/events?limit=1&api_key=${secret}&x=1`],
    ['Authorization', (secret) => `authorization: Bearer ${secret}`],
    ['Authorization as JSON', (secret) => `{"authorization":"Basic ${secret}","host":"x"}`],
    ['X-API-Key', (secret) => `X-API-Key: ${secret}`],
    ['CSIQ-APIKEY', (secret) => `'csiq-apikey': '${secret}',`],
    ['a cookie', (secret) => `Cookie: theme=dark; session=${secret}`],
    ['Set-Cookie', (secret) => `set-cookie: sid=${secret}; HttpOnly`],
    ['a Bearer word', (secret) => `refused Bearer ${secret} from 10.0.0.1`],
    ['a Basic word', (secret) => `refused Basic ${secret} from 10.0.0.1`],
    ...['client_secret', 'access_token', 'passwd', 'pwd', 'private_key'].flatMap(
      (name): [string, (secret: string) => string][] => [
        [`the parameter ${name}`, (secret) => `POST /login?a=1&${name}=${secret}&x=1`],
        [`${name} as JSON`, (secret) => `{"${name.replace('client_', '')}":"${secret}","x":1}`],
      ],
    ),
    ['a password in a string of JSON', (secret) => JSON.stringify(JSON.stringify({ password: secret }))],
    ['a write key in a body', (secret) => `{"writeKey":"${secret}","batch":[]}`],
    ['a write key in a path', (secret) => `/V1/Projects/${secret}/settings`],
    ['a private key', (secret) => `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`],
  ];
  return forms.map(([what, write]) => {
    const secret = `S1-${random()}`;
    return { what, text: write(secret), secret };
  });
}

const decodePercent = (text: string) =>
  text.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));

/** Base64 may begin anywhere in what looks like it, as slashes of a path are of its alphabet. */
const decodeBase64 = (text: string) =>
  (text.match(/[A-Za-z0-9+/_-]{24,}/g) ?? []).flatMap((run) =>
    [0, 1, 2, 3].map((start) => Buffer.from(run.slice(start), 'base64').toString('latin1')),
  );

/** Whether a reader who tries the usual encodings finds `secret` in `text`. */
export function shows(text: string, secret: string): boolean {
  const once = decodePercent(text);
  const forms = [secret, secret.replaceAll('+', ' '), JSON.stringify(secret).slice(1, -1)];
  return [text, once, decodePercent(once)].some((form) =>
    [form, ...decodeBase64(form)].some((decoded) => forms.some((written) => decoded.includes(written))),
  );
}
