/**
 * The URL with the password of its login, in the encoding of URLs.
 * @throws Error whose message completes "NAME …"
 */
export function withPassword(url: string | undefined, password: string | undefined): string | undefined {
  if (password === undefined) return url;
  if (url === undefined) throw new Error('is set, but the URL it belongs to is not');
  const parsed = new URL(url);
  if (parsed.username === '') throw new Error('is set, but the URL it belongs to names no login');
  if (parsed.password !== '' && decodeURIComponent(parsed.password) !== password) {
    throw new Error('is set, but the URL has another password; remove one of them');
  }
  return Object.assign(parsed, { password: encodeURIComponent(password) }).toString();
}
