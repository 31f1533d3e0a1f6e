const { FOLDERS, ROOMS, below } = require('./.dependency-rooms.cjs');

const anyOf = (names) => `(${names.join('|')})`;

const folders = FOLDERS.slice(0, -1).map((folder, position) => ({
  name: `${folder}-imports-no-folder-above-it`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: `^src/${anyOf(FOLDERS.slice(position + 1))}/` },
}));

/** A room may import what it builds on, itself, and other folders, which have rules of their own. */
const rooms = Object.entries(ROOMS).flatMap(([folder, own]) =>
  Object.keys(own).map((room) => ({
    name: `${folder}/${room}-imports-only-rooms-it-builds-on`,
    severity: 'error',
    from: { path: `^src/${folder}/${room}/` },
    to: { path: `^src/${folder}/`, pathNot: `^src/${folder}/${anyOf([room, ...below(own, room)])}/` },
  })),
);

const unknown = Object.entries(ROOMS).map(([folder, own]) => ({
  name: `${folder}-has-no-room-without-a-place`,
  comment: 'A new room gets its place in .dependency-rooms.cjs and its line in docs/architecture.md.',
  severity: 'error',
  from: {},
  to: { path: `^src/${folder}/[^/]+/`, pathNot: `^src/${folder}/${anyOf(Object.keys(own))}/` },
}));

module.exports = {
  forbidden: [
    ...folders,
    ...rooms,
    ...unknown,
    {
      name: 'features-do-not-import-process-roots',
      severity: 'error',
      from: { path: `^src/${anyOf(FOLDERS)}/` },
      to: { path: '^src/[^/]+\\.ts$|^src/(cli|quickstart)/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
