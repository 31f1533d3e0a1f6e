import type { Response } from 'express';
import { readXlsx, writeXlsxStream } from 'hucre/xlsx';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { withFilterRow } from '../../src/audit/export/filter-row.js';
import { type ExportFormat, type Pages, sendExport } from '../../src/audit/export/send-export.js';
import { TimePrinter } from '../../src/audit/export/time-printer.js';
import { xlsxStream } from '../../src/audit/export/xlsx.js';
import { partsOf, xmlFaults } from '../support/workbook.js';

const PAGES = 100;
/** Of no use to a compressor: a small file would fit into the buffers on the way, and nothing would wait for the client. */
const PAGE = Array.from({ length: 100 }, () => [randomBytes(500).toString('hex')]);

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
        yield await Promise.resolve(PAGE);
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
  it.each(['csv', 'xlsx', 'ndjson'] as const)('as %s reads no further than a client takes it', async (format) => {
    const [client, source] = [new Client(), new Source()];
    const sent = send(client, source, format);
    await settle();
    expect(source.read).toBeLessThan(20);
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

  it('as xlsx is XML for a strict parser, whatever characters the texts have', async () => {
    const texts: string[][] = [];
    for (let first = 0; first < 0x10000; first += 0x1000) {
      texts.push([Array.from({ length: 0x1000 }, (_, n) => String.fromCharCode(first + n)).join('')]);
    }
    const rows = Readable.from([...texts, ['\ud800'], ['\udc00\ud800'], ['a\udfff'], ['\u{1fffe}\u{10ffff}']]);
    const workbook = await buffer(xlsxStream('all', [{ name: 'a<&>"' }], rows as AsyncIterable<string[]>));
    const parts = partsOf(workbook);
    expect(parts.size).toBeGreaterThan(5);
    expect(xmlFaults(parts)).toEqual([]);
    expect(parts.get('xl/worksheets/sheet1.xml')).toContain('<autoFilter ref="A1:A21"/></worksheet>');
    const read = (await readXlsx(new Uint8Array(workbook))).sheets[0]!.rows;
    expect(read.slice(1, 17)).toEqual(texts.map(([text]) => [text!.toWellFormed().replace(/\r\n?/g, (end) => end)]));
  });

  it('as xlsx filters each of several sheets, however the bytes come', async () => {
    const rows = Array.from({ length: 7 }, (_, n) => [`PK\u0007\u0008 ${n}`, n]);
    const options = { name: 'sheets', columns: [{ header: 'text' }, { header: 'n' }], maxRowsPerSheet: 4 };
    const bytes = await buffer(Readable.fromWeb(writeXlsxStream(rows, { ...options, compress: false, zip64: true })));
    for (const size of [1, 7, bytes.length]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      const workbook = await buffer(withFilterRow(Readable.from(pieces), (sheet) => `A1:B${sheet}`));
      const parts = partsOf(workbook);
      expect(xmlFaults(parts)).toEqual([]);
      for (const sheet of [1, 2, 3]) {
        expect(parts.get(`xl/worksheets/sheet${sheet}.xml`)).toContain(`</sheetData><autoFilter ref="A1:B${sheet}"/>`);
      }
      const { sheets } = await readXlsx(new Uint8Array(workbook));
      expect(sheets.flatMap((sheet) => sheet.rows.slice(1))).toEqual(rows);
    }
    const half = withFilterRow(Readable.from([bytes.subarray(0, bytes.length / 4)]), () => '');
    await expect(buffer(half)).rejects.toThrow('ends in the middle');
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
