import { computed, signal } from '@preact/signals';
import { withFilter } from '../filter/old-links.js';
import { browserZone } from '../ui/time.js';

export const PAGES = {
  overview: 'Overview',
  live: 'Live',
  funnels: 'Funnels',
  retention: 'Retention',
  users: 'Users',
  audit: 'Audit',
  calls: 'Calls',
  'dead-letters': 'Dead letters',
  keys: 'Keys',
  'event-types': 'Event types',
  system: 'System',
} as const;
export type PageName = keyof typeof PAGES;

/** What a link to another page takes along. */
const SHARED = ['tenant', 'range', 'from', 'to', 'tz', 'compare'];
/** Pages that a filter narrows take it along to each other. */
const NARROWED: readonly PageName[] = ['overview', 'funnels', 'retention', 'users'];
const NARROWING = ['filter', 'segment'];
/** Signs that mean nothing in the query of an address, and are easier to read as they are. */
const READABLE = /%(28|29|2C|3A|2F|40)/g;

export interface Place {
  page: PageName;
  params: URLSearchParams;
}

/** The address holds the whole state of a page. */
export const place = signal<Place>(read());
export const params = computed(() => place.value.params);

function read(): Place {
  const name = location.pathname.split('/')[1] ?? '';
  const known = name !== '' && name in PAGES;
  const page = known ? (name as PageName) : 'overview';
  const given = new URLSearchParams(location.search);
  return { page, params: page === 'overview' ? withFilter(given) : given };
}

function addressOf({ page, params: search }: Place): string {
  const text = search.toString().replace(READABLE, decodeURIComponent);
  return `/${page === 'overview' ? '' : page}${text === '' ? '' : `?${text}`}`;
}

export type Changes = Record<string, string | number | null | undefined>;

function change(search: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') next.delete(name);
    else next.set(name, String(value));
  }
  return next;
}

export function hrefOf(page: PageName, changes: Changes = {}): string {
  const isNarrowed = NARROWED.includes(page) && NARROWED.includes(place.value.page);
  const names = isNarrowed ? [...SHARED, ...NARROWING] : SHARED;
  const kept = [...place.value.params].filter(([name]) => names.includes(name));
  return addressOf({ page, params: change(new URLSearchParams(kept), changes) });
}

export function go(href: string): void {
  history.pushState(null, '', href);
  place.value = read();
}

/** Changes parts of the address; what is null or empty leaves it. */
export function setParams(changes: Changes, how: 'push' | 'replace' = 'push'): void {
  const { page } = place.value;
  const href = addressOf({ page, params: change(place.value.params, changes) });
  if (href === location.pathname + location.search) return;
  if (how === 'push') history.pushState(null, '', href);
  else history.replaceState(null, '', href);
  place.value = read();
}

/** For a field that filters a list: what is typed goes into the address, and the list begins at its first page again. */
export const filterBy = (name: string) => (event: { currentTarget: { value: string } }) =>
  setParams({ [name]: event.currentTarget.value.trim(), cursor: null });

export const param = (name: string): string | null => params.value.get(name);

/** Links of this page change the page without a load; anything else is the browser's. */
export function startRouter(): void {
  addEventListener('popstate', () => (place.value = read()));
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (link === null || !plain || link.origin !== location.origin || link.hasAttribute('download')) return;
    const name = link.pathname.split('/')[1] ?? '';
    if (link.target !== '' || link.hash !== '' || (name !== '' && !(name in PAGES))) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  // Without a zone a link would show other days to somebody elsewhere.
  if (param('tz') === null) setParams({ tz: browserZone() }, 'replace');
}
