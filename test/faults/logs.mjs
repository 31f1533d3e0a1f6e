import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const MAX_KINDS = 10;
const MAX_LENGTH = 300;

/**
 * What the API and the worker complained about loudly: log lines of level error and above, and whatever is not a log
 * line (a stack trace on standard error). Warnings are expected when things are killed.
 * @returns {Promise<{message: string, count: number}[]>} like messages counted together
 */
export async function readComplaints(folder) {
  const counts = new Map();
  for (const name of ['api', 'worker']) {
    const text = await readFile(join(folder, `${name}.log`), 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const message = complaintOf(line);
      if (message === null) continue;
      const kind = `${name}: ${message.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>').slice(0, MAX_LENGTH)}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  }
  return [...counts].slice(0, MAX_KINDS).map(([message, count]) => ({ message, count }));
}

function complaintOf(line) {
  if (line.trim() === '') return null;
  try {
    const { level, msg } = JSON.parse(line);
    return level === 'error' || level === 'fatal' ? String(msg).split('\n', 1)[0] : null;
  } catch {
    return /^[\s}\]]/.test(line) ? null : line; // what is indented goes on about the line before
  }
}
