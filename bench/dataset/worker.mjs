import pg from 'pg';
import { loadDay } from './load-day.mjs';

/** Writes the days it is asked for, one after the other: a process of its own, because making events costs as much as storing them. */
let client;

async function answer({ url, ...day }) {
  if (client === undefined) {
    client = new pg.Client({ connectionString: url, options: '-c synchronous_commit=off -c timezone=UTC' });
    await client.connect();
  }
  await loadDay(client, day);
  return day.count;
}

process.on('SIGINT', () => undefined); // Ctrl-C is the benchmark's to handle
process.on('disconnect', () => process.exit());
process.on('message', (question) => {
  answer(question).then(
    (result) => process.send({ answer: result }),
    (error) => process.send({ error: error.stack ?? String(error) }),
  );
});
process.send({ answer: 'ready' });
