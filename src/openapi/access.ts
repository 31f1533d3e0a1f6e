import type { OpenAPIObject } from '@nestjs/swagger';
import { type Access, REQUIRED_SCOPE } from '../platform/http/access.js';
import { type Operation, refTo } from './operation.js';

/** How a caller says who it is; each by its name in the document. */
export const SECURITY_SCHEMES = {
  api_key: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key.' },
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or an access token of `POST /auth/token`.' },
  write_key: { type: 'http', scheme: 'basic', description: 'An API key as the user name, without a password.' },
} as const;

const TENANT = {
  name: 'X-Tenant-Id',
  in: 'header',
  description: 'For platform keys: the tenant to act for. Absent, they act in the tenant `default`.',
  schema: { type: 'string', format: 'uuid' },
};

const SENTENCES: Record<string, string> = {
  any: 'Any valid credential.',
  key: 'Any API key, but no access token.',
};

/** What {@link addAccess} points to. */
export function addAccessComponents(document: OpenAPIObject): void {
  const components = document.components!; // of the builder
  components.parameters = { TenantId: TENANT as never };
}

/**
 * Who may call the operation, as the decorator says that the guard reads.
 * @returns the sentence about it; null where anybody may
 */
export function addAccess(operation: Operation): string | null {
  const { [REQUIRED_SCOPE]: access } = operation as unknown as Record<string, Access | undefined>;
  if (access === undefined) {
    operation.security = [];
    return null;
  }
  operation.security = [...(operation.security ?? []), { api_key: [] }, { bearer: [] }];
  operation.parameters = [...(operation.parameters ?? []), refTo('parameters', 'TenantId')];
  return SENTENCES[access] ?? `Needs the scope \`${access}\`.`;
}
