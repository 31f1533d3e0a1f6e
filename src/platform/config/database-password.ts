import { changeDatabaseUrl, firstHost } from './database-url.js';

/**
 * The URL with the password of its login, in the encoding of URLs.
 * @throws Error whose message completes "NAME …"
 */
export function withPassword(url: string | undefined, password: string | undefined): string | undefined {
  if (password === undefined) return url;
  if (url === undefined) throw new Error('is set, but the URL it belongs to is not');
  const given = firstHost(url);
  if (given.username === '') throw new Error('is set, but the URL it belongs to names no login');
  if (given.password !== '' && decodeURIComponent(given.password) !== password) {
    throw new Error('is set, but the URL has another password; remove one of them');
  }
  return changeDatabaseUrl(url, (changed) => (changed.password = encodeURIComponent(password)));
}
