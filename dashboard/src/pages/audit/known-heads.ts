import type { Head } from './verify.js';

/** The newest head that this browser has verified, and when. */
export interface KnownHead extends Head {
  seenAt: number;
}

const nameOf = (origin: string) => `tidemark.checkpoint.${origin}`;

export function knownHead(origin: string): KnownHead | null {
  const text = localStorage.getItem(nameOf(origin));
  return text === null ? null : (JSON.parse(text) as KnownHead);
}

export function rememberHead(head: Head): void {
  localStorage.setItem(nameOf(head.origin), JSON.stringify({ ...head, seenAt: Date.now() } satisfies KnownHead));
}
