import { effect } from '@preact/signals';
import { ApiError, api, send, session, tenantId } from '../api/client.js';
import { queries } from '../api/query.js';
import { param } from './router.js';

export async function loadSession(): Promise<void> {
  try {
    session.value = await api.get('/auth/info');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    session.value = null;
  }
}

/** The key goes to the server once and is kept nowhere: the browser holds a cookie that no script can read. */
export async function signIn(key: string): Promise<void> {
  await send('post', '/auth/session', { body: { key } });
  queries.clear();
  await loadSession();
}

export async function signOut(): Promise<void> {
  await send('delete', '/auth/session').catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
  });
  queries.clear();
  session.value = null;
}

type Scope = NonNullable<typeof session.value>['scopes'][number];

/** Whether the signed-in key may do what needs `scope`. */
export function may(scope: Scope): boolean {
  const scopes = session.value?.scopes ?? [];
  if (scopes.includes('platform') || scopes.includes(scope)) return true;
  if (scope === 'track' && scopes.includes('write')) return true;
  return scope !== 'platform' && scopes.includes('admin');
}

effect(() => {
  tenantId.value = param('tenant');
});
