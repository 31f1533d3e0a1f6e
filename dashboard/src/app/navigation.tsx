import { useEffect, useRef } from 'preact/hooks';
import { api, session, tenantId } from '../api/client.js';
import { useLoad } from '../api/query.js';
import { closePopover, Popover } from '../ui/popover.js';
import { hrefOf, type PageName, PAGES, place, setParams } from './router.js';
import { may, signOut } from './session.js';
import { isHelpOpen } from './shortcuts.js';
import { type Theme, theme, THEMES } from './theme.js';

const GROUPS: PageName[][] = [
  ['overview', 'live', 'funnels', 'retention', 'users'],
  ['audit', 'calls'],
  ['dead-letters', 'keys', 'event-types', 'system'],
];

export function Navigation() {
  const list = useRef<HTMLElement>(null);
  // On small screens the pages are one row that scrolls.
  useEffect(() => {
    list.current!.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [place.value.page]);
  return (
    <div class="side">
      <b class="brand">Tidemark</b>
      <nav aria-label="Pages" ref={list}>
        {GROUPS.map((group) => (
          <ul key={group[0]}>
            {group.map((page) => (
              <li key={page}>
                <a href={hrefOf(page)} aria-current={place.value.page === page ? 'page' : undefined}>
                  {PAGES[page]}
                </a>
              </li>
            ))}
          </ul>
        ))}
      </nav>
      <Account />
    </div>
  );
}

function Account() {
  const info = session.value!;
  return (
    <div class="account">
      <Popover class="button account-button" label={<AccountLabel />}>
        <dl class="facts">
          <dt>Key</dt>
          <dd>
            {info.key_name} ({info.scopes.join(', ')})
          </dd>
          <dt>Client</dt>
          <dd>{info.client_id}</dd>
        </dl>
        {may('platform') && <TenantChoice />}
        <label class="field">
          Theme
          <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
            {Object.entries(THEMES).map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <div class="row">
          <button
            type="button"
            class="button"
            onClick={(event) => {
              closePopover(event.currentTarget);
              isHelpOpen.value = true;
            }}
          >
            Keyboard <kbd>?</kbd>
          </button>
          <a class="button" href="/docs" target="_blank" rel="noreferrer">
            API
          </a>
          {info.session !== undefined && (
            <button type="button" class="button" onClick={() => void signOut()}>
              Sign out
            </button>
          )}
        </div>
      </Popover>
    </div>
  );
}

function AccountLabel() {
  const tenant = useTenantName();
  return (
    <>
      <span class="hidden">Account: </span>
      <span class="ellipsis">{tenant}</span>
      <small class="ellipsis">{session.value!.key_name}</small>
    </>
  );
}

function useTenants() {
  return useLoad(['tenants'], () => api.get('/tenants', { query: { limit: 1_000 } }), {
    enabled: may('platform'),
    every: false,
  });
}

function useTenantName(): string {
  const own = session.value!.tenant;
  const tenants = useTenants().data?.data ?? [];
  if (tenantId.value === null || tenantId.value === own.id) return own.name;
  return tenants.find(({ id }) => id === tenantId.value)?.name ?? tenantId.value;
}

/** A platform key looks at any tenant; the address says at which. */
function TenantChoice() {
  const own = session.value!.tenant;
  const others = (useTenants().data?.data ?? []).filter(({ id }) => id !== own.id);
  return (
    <label class="field">
      Tenant
      <select
        value={tenantId.value ?? own.id}
        onChange={({ currentTarget: { value } }) => setParams({ tenant: value === own.id ? null : value })}
      >
        <option value={own.id}>{own.name}</option>
        {others.map(({ id, name, status }) => (
          <option key={id} value={id} disabled={status !== 'active'}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
