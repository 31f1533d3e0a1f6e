import { api } from '../api/client.js';
import { useLoad } from '../api/query.js';
import { may } from './session.js';

/** Which a platform key may look at. */
export function useTenants() {
  return useLoad(['tenants'], () => api.get('/tenants', { query: { limit: 1_000 } }), {
    enabled: may('platform'),
    every: false,
  });
}
