/** Imports point left: platform ← audit ← tenants ← keys ← auth ← analytics ← events ← metrics-gateway ← retention ← privacy ← dashboard-files. */
const ORDER = [
  'platform',
  'audit',
  'tenants',
  'keys',
  'auth',
  'analytics',
  'events',
  'metrics-gateway',
  'retention',
  'privacy',
  'dashboard-files',
];

const order = ORDER.slice(0, -1).map((folder, position) => ({
  name: `${folder}-imports-only-to-its-left`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: `^src/(${ORDER.slice(position + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...order,
    {
      name: 'features-do-not-import-process-roots',
      severity: 'error',
      from: { path: `^src/(${ORDER.join('|')})/` },
      to: { path: '^src/[^/]+\\.ts$|^src/(cli|quickstart)/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
