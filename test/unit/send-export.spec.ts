import type { Response } from 'express';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { type ExportFormat, type Pages, sendExport } from '../../src/audit/export/send-export.js';
import { TimePrinter } from '../../src/audit/export/time-printer.js';

const PAGES = 100;
const TEXT = 'x'.repeat(1_000);

/** A client that takes nothing until it is read from. */
class Client extends PassThrough {
  readonly headers = new Map<string, string>();

  setHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }

  asResponse(): Response {
    return this as unknown as Response;
  }
}

class Source {
  read = 0;
  closed = false;

  async *pages(): Pages<string[]> {
    try {
      while (this.read < PAGES) {
        this.read += 1;
        yield await Promise.resolve(Array.from({ length: 100 }, () => [TEXT]));
      }
    } finally {
      this.closed = true;
    }
  }
}

const TABLE = { name: 'table', columns: [{ name: 'text' }], toCells: (row: string[]) => row };

const send = (client: Client, source: Source, format: ExportFormat) =>
  sendExport(client.asResponse(), { format, range: null, table: TABLE, pages: source.pages() });

/** Everything that can happen without the client has happened. */
const settle = async () => {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('an export', () => {
  it.each(['csv', 'ndjson'] as const)('as %s reads no further than a client takes it', async (format) => {
    const [client, source] = [new Client(), new Source()];
    const sent = send(client, source, format);
    await settle();
    expect(source.read).toBeLessThan(8);
    client.resume();
    await Promise.all([sent, once(client, 'end')]);
    expect(source.read).toBe(PAGES);
  });

  it.each(['csv', 'xlsx', 'ndjson'] as const)('as %s stops reading when the client goes', async (format) => {
    const [client, source] = [new Client(), new Source()];
    const sent = send(client, source, format);
    await settle();
    client.destroy();
    await sent;
    expect(source.closed).toBe(true);
    expect(source.read).toBeLessThan(PAGES);
  });

  it('that cannot start sends no headers, one that breaks off ends broken', async () => {
    const client = new Client();
    const fail = async function* (after: number): Pages<string[]> {
      for (let n = 0; n < after; n++) yield await Promise.resolve([['a']]);
      throw new Error('the database went away');
    };
    const options = { format: 'csv', range: null, table: TABLE } as const;
    await expect(sendExport(client.asResponse(), { ...options, pages: fail(0) })).rejects.toThrow('went away');
    expect(client.headers.size).toBe(0);
    client.resume();
    await expect(sendExport(client.asResponse(), { ...options, pages: fail(3) })).rejects.toThrow('went away');
    expect(client.destroyed).toBe(true);
  });

  it('prints times of every zone as Intl does, across changes of the clock', () => {
    for (const timeZone of ['UTC', 'America/Chicago', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia']) {
      const printer = new TimePrinter(timeZone);
      for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 7_654_321) {
        const printed = printer.print(`${new Date(ms).toISOString().slice(0, -1)}000Z`);
        expect(Date.parse(printed)).toBe(ms);
        const local = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(ms);
        expect(printed.slice(0, 19)).toBe(local.replace(' ', 'T'));
      }
    }
  });
});
