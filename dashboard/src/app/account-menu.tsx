import { session, tenantId } from '../api/client.js';
import { closePopover } from '../ui/popover.js';
import { setParams } from './router.js';
import { may, signOut } from './session.js';
import { isHelpOpen } from './shortcuts.js';
import { useTenants } from './tenants.js';
import { type Theme, theme, THEMES } from './theme.js';

/** Who is signed in, and what is set for this browser. */
export default function AccountMenu() {
  const info = session.value!;
  return (
    <>
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
    </>
  );
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
