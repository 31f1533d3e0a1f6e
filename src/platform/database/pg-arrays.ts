/**
 * PostgreSQL arrays in the binary wire format (src/include/utils/array.h, `array_recv`). node-postgres sends a Buffer
 * as a binary parameter, so a column of a thousand values travels without quoting, escaping or parsing.
 * Layout: int32 dimensions, int32 has-null flag, int32 element oid, int32 length, int32 lower bound,
 * then per element int32 byte length (-1 for null) and its bytes.
 */
const HEADER_BYTES = 20;
const BYTEA_OID = 17;
const INT8_OID = 20;
const UUID_OID = 2950;
const TEXT_OID = 25;
const TIMESTAMPTZ_OID = 1184;
/** Milliseconds from 1970 to 2000-01-01, where PostgreSQL's clock starts. */
const POSTGRES_EPOCH_MS = 946_684_800_000;

function writeHeader(buffer: Buffer, oid: number, length: number, hasNull: boolean): void {
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNull ? 1 : 0, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
}

/** `uuid[]` from 16-byte buffers */
export function uuidArray(values: readonly (Buffer | null)[]): Buffer {
  return bytesArray(UUID_OID, values);
}

/** `bigint[]` from buffers of 8 bytes */
export function int8Array(values: readonly (Buffer | null)[]): Buffer {
  return bytesArray(INT8_OID, values);
}

/** `bytea[]` */
export function byteaArray(values: readonly (Buffer | null)[]): Buffer {
  return bytesArray(BYTEA_OID, values);
}

function bytesArray(oid: number, values: readonly (Buffer | null)[]): Buffer {
  let size = HEADER_BYTES + values.length * 4;
  for (const value of values) size += value?.length ?? 0;
  const buffer = Buffer.allocUnsafe(size);
  let hasNull = false;
  let offset = HEADER_BYTES;
  for (const value of values) {
    hasNull ||= value === null;
    offset = buffer.writeInt32BE(value?.length ?? -1, offset);
    if (value !== null) offset += value.copy(buffer, offset);
  }
  writeHeader(buffer, oid, values.length, hasNull);
  return buffer;
}

/** `text[]`; the strings must hold no NUL */
export function textArray(values: readonly (string | null)[]): Buffer {
  let size = HEADER_BYTES + values.length * 4;
  for (const value of values) if (value !== null) size += Buffer.byteLength(value);
  const buffer = Buffer.allocUnsafe(size);
  let hasNull = false;
  let offset = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      hasNull = true;
      offset = buffer.writeInt32BE(-1, offset);
      continue;
    }
    const written = buffer.write(value, offset + 4);
    buffer.writeInt32BE(written, offset);
    offset += 4 + written;
  }
  writeHeader(buffer, TEXT_OID, values.length, hasNull);
  return buffer;
}

/** `timestamptz[]` from milliseconds since 1970; microseconds are the fraction */
export function timestamptzArray(values: readonly (number | null)[]): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + values.length * 12);
  let hasNull = false;
  let offset = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      hasNull = true;
      offset = buffer.writeInt32BE(-1, offset);
      continue;
    }
    const micros = Math.round((value - POSTGRES_EPOCH_MS) * 1_000);
    const high = Math.floor(micros / 0x1_0000_0000);
    offset = buffer.writeInt32BE(8, offset);
    offset = buffer.writeInt32BE(high, offset);
    offset = buffer.writeUInt32BE(micros - high * 0x1_0000_0000, offset);
  }
  writeHeader(buffer, TIMESTAMPTZ_OID, values.length, hasNull);
  return buffer.subarray(0, offset);
}
