import { useEffect, useRef } from 'preact/hooks';
import { session, tenantId } from '../api/client.js';
import { lazy } from '../ui/lazy.js';
import { Popover } from '../ui/popover.js';
import { hrefOf, type PageName, PAGES, place } from './router.js';
import { useTenants } from './tenants.js';

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

const AccountMenu = lazy<object>(() => import('./account-menu.js'));

function Account() {
  return (
    <div class="account">
      <Popover class="button account-button" label={<AccountLabel />}>
        <AccountMenu />
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

function useTenantName(): string {
  const own = session.value!.tenant;
  const tenants = useTenants().data?.data ?? [];
  if (tenantId.value === null || tenantId.value === own.id) return own.name;
  return tenants.find(({ id }) => id === tenantId.value)?.name ?? tenantId.value;
}
