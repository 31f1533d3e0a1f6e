import type { Readable } from 'node:stream';

/** Signatures and lengths of APPNOTE.TXT, with the sizes of ZIP64. */
const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_LENGTH = 30;
const DESCRIPTOR = Buffer.from('PK\u0007\u0008', 'latin1');
const DESCRIPTOR_LENGTH = 24;

interface StoredPart {
  path: string;
  /** To be read to its end before the next part. */
  data: AsyncGenerator<Buffer>;
}

/** A zip file whose parts are stored and have their sizes behind them, read as it comes. */
export class StoredZip {
  private buffer = Buffer.alloc(0);
  private readonly chunks: AsyncIterator<Buffer>;

  constructor(zip: Readable) {
    this.chunks = zip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async *entries(): AsyncGenerator<StoredPart> {
    while ((await this.fill(LOCAL_HEADER_LENGTH)) && this.buffer.readUInt32LE(0) === LOCAL_HEADER) {
      const nameLength = this.buffer.readUInt16LE(26);
      const headLength = LOCAL_HEADER_LENGTH + nameLength + this.buffer.readUInt16LE(28);
      if (!(await this.fill(headLength))) throw cutOff();
      const path = this.take(headLength).toString('utf8', LOCAL_HEADER_LENGTH, LOCAL_HEADER_LENGTH + nameLength);
      yield { path, data: this.readData() };
    }
    while (await this.fill(this.buffer.length + 1)) this.take(this.buffer.length); // the directory, made anew
  }

  private async *readData(): AsyncGenerator<Buffer> {
    for (let length = 0; ;) {
      const at = this.buffer.indexOf(DESCRIPTOR);
      if (at === 0 && (await this.isEnd(length))) return void this.take(DESCRIPTOR_LENGTH);
      // As far as no signature can begin; one that ends nothing is data itself.
      const size = at === 0 ? DESCRIPTOR.length : at > 0 ? at : this.buffer.length - DESCRIPTOR.length + 1;
      if (size > 0) {
        length += size;
        yield this.take(size);
      } else if (!(await this.fill(this.buffer.length + 1))) throw cutOff();
    }
  }

  /** Whether the descriptor of a part of `length` bytes comes now. */
  private async isEnd(length: number): Promise<boolean> {
    if (!(await this.fill(DESCRIPTOR_LENGTH))) throw cutOff();
    return this.buffer.readBigUInt64LE(16) === BigInt(length);
  }

  /** @returns whether there are so many bytes */
  private async fill(length: number): Promise<boolean> {
    while (this.buffer.length < length) {
      const next = await this.chunks.next();
      if (next.done === true) return false;
      this.buffer = Buffer.concat([this.buffer, next.value]);
    }
    return true;
  }

  private take(length: number): Buffer {
    const taken = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return taken;
  }
}

const cutOff = () => new Error('The workbook ends in the middle of a part.');
