import { inflateRawSync } from 'node:zlib';

const CENTRAL = 0x02014b50;
const END = Buffer.from([0x50, 0x4b, 5, 6]);
const IN_EXTRA = 0xffffffff;
const ZIP64 = 1;

/** The parts of a zip file by their path, found by its directory as programs find them. */
export function partsOf(zip: Buffer): Map<string, string> {
  const parts = new Map<string, string>();
  const end = zip.lastIndexOf(END);
  let at = zip.readUInt32LE(end + 16);
  for (let count = zip.readUInt16LE(end + 10); count > 0; count--) {
    expect(zip.readUInt32LE(at)).toBe(CENTRAL);
    const [name, extra, comment] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32)];
    const path = zip.toString('utf8', at + 46, at + 46 + name);
    const offset = zip.readUInt32LE(at + 42);
    const local = offset === IN_EXTRA ? offsetIn(zip.subarray(at + 46 + name, at + 46 + name + extra)) : offset;
    const data = zip.subarray(local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28));
    parts.set(path, inflateRawSync(data).toString());
    at += 46 + name + extra + comment;
  }
  return parts;
}

/** After both sizes in the extra field of ZIP64. */
function offsetIn(extra: Buffer): number {
  for (let at = 0; at < extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === ZIP64) return Number(extra.readBigUInt64LE(at + 4 + 16));
  }
  throw new Error('a part of the zip file says nowhere where it begins');
}

/** Production 2 of XML 1.0: everything that it allows. */
const ALLOWED = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const NAME = '[A-Za-z_:][\\w:.-]*';
const REFERENCE = '&(?:amp|lt|gt|quot|apos|#\\d+|#x[0-9a-fA-F]+);';
const TOKEN = new RegExp(
  [
    '<\\?xml[^?]*\\?>',
    `<(?<open>${NAME})(?<attributes>(?:\\s+${NAME}="(?:[^<&"]|${REFERENCE})*")*)\\s*(?<empty>/)?>`,
    `</(?<close>${NAME})\\s*>`,
    `(?:[^<&]|${REFERENCE})+`,
  ].join('|'),
  'yu',
);

/** What makes `xml` not well-formed for a strict parser (the parts of XML that workbooks use); null when nothing does. */
export function xmlFault(xml: string): string | null {
  if (!ALLOWED.test(xml)) return 'has a character that XML does not allow';
  const open: string[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < xml.length; at = TOKEN.lastIndex) {
    const groups = TOKEN.exec(xml)?.groups;
    if (groups === undefined) return `cannot be read at ${at}: ${xml.slice(at, at + 60)}`;
    const names = [...(groups['attributes'] ?? '').matchAll(new RegExp(`(${NAME})="`, 'g'))].map(([, name]) => name);
    if (new Set(names).size < names.length) return `has an attribute twice at ${at}`;
    if (groups['open'] !== undefined && groups['empty'] === undefined) open.push(groups['open']);
    if (groups['close'] !== undefined && open.pop() !== groups['close']) return `closes ${groups['close']} at ${at}`;
  }
  for (const [, digits] of xml.matchAll(/&#(x?[0-9a-fA-F]+);/g)) {
    const code = digits!.startsWith('x') ? parseInt(digits!.slice(1), 16) : Number(digits);
    if (!ALLOWED.test(String.fromCodePoint(code))) return `refers to a character that XML does not allow: ${digits}`;
  }
  return open.length === 0 ? null : `does not close ${open.join(', ')}`;
}

/** Paths of the parts that a strict parser refuses, with its reasons. */
export const xmlFaults = (parts: ReadonlyMap<string, string>): string[] =>
  [...parts].flatMap(([path, xml]) => {
    const fault = xmlFault(xml);
    return fault === null ? [] : [`${path} ${fault}`];
  });
