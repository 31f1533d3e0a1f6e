import { rmSync } from 'node:fs';

export default async function tearDown() {
  const { postgres, dataDir } = globalThis.__TIDEMARK_TEST__;
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
