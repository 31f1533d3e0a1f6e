import { createHash } from 'node:crypto';
import { readJson, writeJson } from '../platform/json/json-text.js';

/**
 * The file in which a tenant travels, before it is compressed: lines of JSON, and between them the rows of each table
 * as PostgreSQL's COPY prints them, one line a row, up to a line `\.`. The line after that has their number and hash.
 */
export interface FileHeader {
  format: typeof FORMAT;
  version: typeof VERSION;
  tenant: { id: string; name: string; status: string };
  exported_at: string;
  /** Of Tidemark, for people. */
  tidemark: string;
  /** Names of the migrations that made the tables. */
  migrations: string[];
  /** `2026-11`, of which the tables with months have rows. */
  months: string[];
  /** With which the keys of the tenant may have been made, in base64. */
  key_peppers: string[];
}

export interface TableHead {
  table: string;
  columns: string[];
}

export interface TableEnd {
  rows: number;
  sha256: string;
}

export interface FileEnd {
  end: true;
  tables: number;
  rows: number;
}

export const FORMAT = 'tidemark-tenant';
export const VERSION = 1;

/** The file is not one, or not whole, or does not fit here; the message says what to do. */
export class TenantFileRefused extends Error {}

export const lineOf = (value: FileHeader | TableHead | TableEnd | FileEnd): Buffer =>
  Buffer.from(`${writeJson(value)}\n`);

/** Of one of the `months`. */
export const startOf = (month: string): string => `${month}-01T00:00:00Z`;

const NEWLINE = 0x0a;
export const END_OF_ROWS = Buffer.from('\\.\n');
const END_BETWEEN_ROWS = Buffer.from('\n\\.\n');

/** Counts and hashes rows as they pass. */
export class RowTally {
  private readonly sha256 = createHash('sha256');
  private rows = 0;

  add(chunk: Buffer): void {
    this.sha256.update(chunk);
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) this.rows += 1;
  }

  end(): TableEnd {
    return { rows: this.rows, sha256: this.sha256.digest('hex') };
  }
}

/** Rows are handed on in blocks of about this size, so that memory stays flat. */
const BLOCK_BYTES = 4 * 1_048_576;

/** Reads a file from front to back. */
export class TenantFileReader {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);
  private isOver = false;

  /** @param content of the file, uncompressed */
  constructor(content: AsyncIterable<Buffer>) {
    this.chunks = content[Symbol.asyncIterator]();
  }

  async readHeader(): Promise<FileHeader> {
    const header = (await this.readLine()) as Partial<FileHeader>;
    if (header.format !== FORMAT) throw new TenantFileRefused('The file was not written by export-tenant.');
    if (header.version !== VERSION) {
      throw new TenantFileRefused(
        `The file has the format ${String(header.version)}, and this version reads ${VERSION}.`,
      );
    }
    return header as FileHeader;
  }

  async readHead(): Promise<TableHead | FileEnd> {
    return (await this.readLine()) as TableHead | FileEnd;
  }

  async readTableEnd(): Promise<TableEnd> {
    return (await this.readLine()) as TableEnd;
  }

  /** The rows of the table whose head was read, in blocks of whole lines. */
  async *readRows(): AsyncGenerator<Buffer> {
    for (;;) {
      await this.fill(BLOCK_BYTES);
      const isEmpty = this.rest.subarray(0, END_OF_ROWS.length).equals(END_OF_ROWS);
      const between = isEmpty ? -1 : this.rest.indexOf(END_BETWEEN_ROWS);
      if (isEmpty || between >= 0) {
        if (!isEmpty) yield this.take(between + 1);
        this.take(END_OF_ROWS.length);
        return;
      }
      const lines = this.rest.lastIndexOf(NEWLINE) + 1;
      if (lines > 0) yield this.take(lines);
      else await this.fill(this.rest.length + BLOCK_BYTES);
      if (this.isOver) throw cutShort();
    }
  }

  private async readLine(): Promise<unknown> {
    let end: number;
    while ((end = this.rest.indexOf(NEWLINE)) < 0) {
      if (this.isOver) throw cutShort();
      await this.fill(this.rest.length + 65_536);
    }
    try {
      return readJson(this.take(end + 1).toString('utf8'));
    } catch {
      throw new TenantFileRefused('The file was not written by export-tenant, or it was changed.');
    }
  }

  private take(length: number): Buffer {
    const taken = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    return taken;
  }

  private async fill(length: number): Promise<void> {
    const parts = [this.rest];
    for (let have = this.rest.length; have < length && !this.isOver;) {
      const next = await this.chunks.next();
      if (next.done === true) this.isOver = true;
      else have += parts[parts.push(next.value) - 1]!.length;
    }
    if (parts.length > 1) this.rest = Buffer.concat(parts);
  }
}

const cutShort = () => new TenantFileRefused('The file ends too early: copy it again.');
