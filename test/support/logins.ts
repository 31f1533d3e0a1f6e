import { execFile } from 'node:child_process';

export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** A file of the build, run to its end with nothing of our environment but the way to it. */
export const runBuilt = (env: Record<string, string>, file: string, ...words: string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const settings = { PATH: process.env['PATH'], NODE_ENV: 'test', LOG_LEVEL: 'error', ...env };
    execFile(process.execPath, [`dist/${file}.js`, ...words], { env: settings }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });

/** The same database as another login. */
export const withLogin = (url: string, username: string, password: string): string =>
  Object.assign(new URL(url), { username, password: encodeURIComponent(password) }).toString();
