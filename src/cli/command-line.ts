/** The command line may do everything in the tenant it names; the audit trail knows it as the client "cli". */
export const asCommandLine = (tenantId: string) => ({
  tenantId,
  clientId: 'cli',
  keyId: null,
  scopes: ['platform'] as const,
});
