import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../../platform/config/config.js';
import type { ArchiveStore } from './archive-store.js';

type S3Settings = Pick<
  Config,
  'ARCHIVE_S3_ENDPOINT' | 'ARCHIVE_S3_REGION' | 'ARCHIVE_S3_ACCESS_KEY_ID' | 'ARCHIVE_S3_SECRET_ACCESS_KEY'
>;

/** Archives as objects of a bucket that speaks the API of S3. */
export class S3Store implements ArchiveStore {
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;

  /** @param url s3://bucket or s3://bucket/prefix */
  constructor(url: string, settings: S3Settings) {
    const { hostname, pathname } = new URL(url);
    this.bucket = hostname;
    this.prefix = pathname
      .split('/')
      .filter((part) => part !== '')
      .map((part) => `${part}/`)
      .join('');
    this.client = new S3Client(clientOptions(settings));
  }

  locate(name: string): string {
    return `s3://${this.bucket}/${this.prefix}${name}`;
  }

  /** S3 wants to know the length first; an object is there when it is whole. */
  async write(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-archive-'));
    try {
      const file = join(folder, 'staged');
      await pipeline(chunks, createWriteStream(file, { mode: 0o600 }));
      const { size } = await stat(file);
      await this.client.send(
        new PutObjectCommand({ ...this.object(name), Body: createReadStream(file), ContentLength: size }),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async read(name: string): Promise<Readable> {
    const { Body: body } = await this.client.send(new GetObjectCommand(this.object(name)));
    return body as Readable; // in Node
  }

  async remove(name: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand(this.object(name)));
  }

  private object(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: `${this.prefix}${name}` };
  }
}

const QUIET = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // nothing is said
}

/** Without a key, the client looks where AWS's tools do: AWS_ACCESS_KEY_ID, the profile, the role of the machine. */
function clientOptions(settings: S3Settings) {
  const { ARCHIVE_S3_ENDPOINT: endpoint, ARCHIVE_S3_REGION: region } = settings;
  const { ARCHIVE_S3_ACCESS_KEY_ID: accessKeyId, ARCHIVE_S3_SECRET_ACCESS_KEY: secretAccessKey } = settings;
  const isKeyGiven = accessKeyId !== undefined && secretAccessKey !== undefined;
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(isKeyGiven ? { credentials: { accessKeyId, secretAccessKey } } : {}),
    logger: QUIET, // what fails is thrown
    // servers other than AWS's know no checksums of their own; the file is read back and hashed anyway
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  } as const;
}
