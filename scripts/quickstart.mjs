// `npm run quickstart`: from a fresh clone to a running Tidemark; with --watch, `npm run dev`: and again with each change. Imported rather than spawned, so that signals reach it.
import { prepare } from './prepare.mjs';

await prepare();
await import('../dist/quickstart/main.js');
