import { type ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { tenantId } from '../api/client.js';
import { type PageName, PAGES, place } from './router.js';

interface PageModule {
  default: ComponentType;
}

/** Each page is a file of its own. */
const LOADERS: Record<PageName, () => Promise<PageModule>> = {
  overview: () => import('../pages/overview/overview.js'),
  live: () => import('../pages/live/live.js'),
  funnels: () => import('../pages/funnels/funnels.js'),
  retention: () => import('../pages/retention/retention.js'),
  users: () => import('../pages/users/users.js'),
  audit: () => import('../pages/audit/audit.js'),
  calls: () => import('../pages/calls/calls.js'),
  'dead-letters': () => import('../pages/dead-letters/dead-letters.js'),
  keys: () => import('../pages/keys/keys.js'),
  'event-types': () => import('../pages/event-types/event-types.js'),
  system: () => import('../pages/system/system.js'),
};

const loaded = new Map<PageName, ComponentType>();

export function Page() {
  const { page } = place.value;
  const [, setCount] = useState(0);
  const [failed, setFailed] = useState<PageName | null>(null);
  useEffect(() => {
    document.title = `${PAGES[page]} · Tidemark`;
    if (loaded.has(page)) return;
    LOADERS[page]().then(
      (module) => {
        loaded.set(page, module.default);
        setCount((count) => count + 1);
      },
      () => setFailed(page),
    );
  }, [page]);
  const Content = loaded.get(page);
  // Another tenant is another page: nothing of the one before may stay.
  if (Content !== undefined) return <Content key={`${page} ${tenantId.value}`} />;
  if (failed !== page) return <div class="skeleton whole" aria-busy="true" />;
  return (
    <div class="failure" role="alert">
      <p>This page could not be loaded; the server may have been updated.</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        Load again
      </button>
    </div>
  );
}
