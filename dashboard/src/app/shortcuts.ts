import { signal } from '@preact/signals';
import { RANGES } from '../ui/time.js';
import { go, hrefOf, type PageName, PAGES, setParams } from './router.js';

/** `g` and then a letter. */
export const LETTERS: Record<PageName, string> = {
  overview: 'o',
  live: 'l',
  funnels: 'f',
  retention: 'r',
  users: 'u',
  audit: 'a',
  calls: 'c',
  'dead-letters': 'd',
  keys: 'k',
  'event-types': 'e',
  system: 's',
};
const G_MS = 1_500;

export const isHelpOpen = signal(false);

export function startShortcuts(): void {
  let pressedG = 0;
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const key = event.key.toLowerCase();
    if (Date.now() - pressedG < G_MS) {
      pressedG = 0;
      const found = Object.entries(LETTERS).find(([, letter]) => letter === key);
      if (found === undefined) return;
      event.preventDefault();
      go(hrefOf(found[0] as PageName));
    } else if (key === 'g') {
      pressedG = Date.now();
    } else if (event.key === '?') {
      isHelpOpen.value = true;
    } else if (key === '/') {
      const field = document.querySelector<HTMLInputElement>('main input[type="search"]');
      if (field !== null) event.preventDefault();
      field?.focus();
    } else if (key === 'f') {
      document.querySelector<HTMLElement>('.page-head .add-filter')?.click();
    } else chooseRange(key);
  });
}

function chooseRange(key: string): void {
  const found = Object.entries(RANGES).find(([, range]) => range.key.toLowerCase() === key);
  if (found !== undefined) setParams({ range: found[0], from: null, to: null });
}

/** Letters belong to whoever is writing, and to the dialog that is open. */
function isTyping(target: EventTarget | null): boolean {
  if (document.querySelector('dialog[open]') !== null) return true;
  return target instanceof HTMLElement && target.matches('input, select, textarea, [contenteditable]');
}

export const pageNames = Object.entries(PAGES) as [PageName, string][];
