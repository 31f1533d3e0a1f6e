import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import { fairMap } from '../fair-map.js';
import { readJson } from '../../json/json-text.js';
import { type Elements, memberAt, type Outline, OutlineError, survey, takeApart } from './json-scan.js';
import { badRequest, type FieldError, tooLarge } from '../problem.js';

/**
 * Takes the place of an array element that would have taken too long to parse. Code that reads elements one by one
 * refuses only this one; other code finds members that it does not know.
 */
export class Unread {
  constructor(readonly fault: FieldError) {}
}

/**
 * Parses JSON without blocking the process for long: what would take JSON.parse too long is found first, and a long
 * body is parsed element by element, with pauses. Numbers that a double cannot hold become ExactNumber.
 * @throws Problem 400 for what is not JSON in UTF-8 or is too complex, 413 for too many elements
 */
export async function parseJson(given: Buffer): Promise<unknown> {
  if (given.length === 0) throw badRequest('The body is empty; send a JSON object.');
  if (!isUtf8(given)) throw badRequest('The body is not valid UTF-8.');
  const bytes = withoutMark(given);
  const { excess: tooMuch, mayRound } = survey(bytes);
  if (tooMuch === null) return parseText(bytes.toString('utf8'), mayRound);
  await setImmediate();
  const outline = outlineOf(bytes);
  await setImmediate();
  const { excess } = survey(outline.text);
  if (excess !== null) throw tooComplex(memberAt(outline.text, 0, excess.offset), excess.message);
  return putTogether(bytes, outline, parseText(outline.text.toString('utf8'), true));
}

/** JSON inside a JSON text. @returns undefined for what is not JSON or too complex */
export function parseSmallJson(bytes: Buffer): unknown {
  const text = withoutMark(bytes);
  if (!isUtf8(text) || survey(text).excess !== null) return undefined;
  try {
    return readJson(text.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Some programs begin a text in UTF-8 with a byte order mark; RFC 8259 §8.1 lets a reader pass over it. */
function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function parseText(text: string, mayRound: boolean, where = ''): unknown {
  try {
    return mayRound ? readJson(text) : (JSON.parse(text) as unknown);
  } catch (error) {
    throw notJson(`${where}${(error as Error).message.slice(0, 200)}`);
  }
}

const notJson = (why: string) => badRequest(`The body is not valid JSON: ${why}.`);

function tooComplex(path: string, message: string) {
  const name = path.slice(0, 100);
  return badRequest(`${name === '' ? 'The body' : name} ${message}.`, [{ path: name, message }]);
}

function outlineOf(bytes: Buffer): Outline {
  try {
    return takeApart(bytes);
  } catch (error) {
    if (!(error instanceof OutlineError)) throw error;
    throw error.isTooMuch ? tooLarge(`The body ${error.message}; send less per request.`) : notJson(error.message);
  }
}

/** Each array of the outline holds its index in `arrays` as its only element. */
async function putTogether(bytes: Buffer, { arrays }: Outline, top: unknown): Promise<unknown> {
  const fill = ([place]: unknown[], name: string) => parseElements(bytes, arrays[place as number]!, name);
  if (Array.isArray(top)) return fill(top, '');
  if (typeof top !== 'object' || top === null) return top;
  const members = top as Record<string, unknown>;
  for (const [name, value] of Object.entries(members)) {
    if (Array.isArray(value)) members[name] = await fill(value, name.slice(0, 100));
  }
  return members;
}

async function parseElements(bytes: Buffer, elements: Elements, name: string): Promise<unknown[]> {
  const starts = elements.filter((_offset, index) => index % 2 === 0);
  return fairMap(starts, (start, index) => {
    const end = elements[2 * index + 1]!; // each end follows its start
    const { excess, mayRound } = survey(bytes, start, end);
    if (excess === null) return parseText(bytes.toString('utf8', start, end), mayRound, `${name}[${index}]: `);
    const path = memberAt(bytes, start, excess.offset).slice(0, 100);
    return new Unread({ path, message: excess.message });
  });
}
