// `npm run test:audit`: the audit promises at full size. The same tests run small in `npm test`.
process.env.AUDIT_TAMPERINGS ??= '1000';
process.env.AUDIT_SUBJECTS ??= '100';
process.env.AUDIT_WRITERS ??= '64';
process.env.ERASURE_DATA_SETS ??= '10';
process.argv.push('audit-tampering', 'erasure', 'audit-writers');
await import('./test.mjs');
