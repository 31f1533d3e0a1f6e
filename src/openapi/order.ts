import type { OpenAPIObject } from '@nestjs/swagger';
import { EXAMPLES } from './examples.js';
import { type Operation, operationsOf } from './operation.js';
import { TAGS } from './tags.js';

const names = Object.keys(EXAMPLES);

const rankOf = ({ tags = [], operationId = '' }: Operation): number =>
  TAGS.findIndex(({ name }) => tags.includes(name)) * names.length + names.indexOf(operationId);

/** Puts the addresses in the order in which they are used: by tag, then as their examples stand one after the other. */
export function sortPaths(document: OpenAPIObject): void {
  const ranks = new Map<string, number>();
  for (const { path, operation } of operationsOf(document)) {
    ranks.set(path, Math.min(ranks.get(path) ?? Infinity, rankOf(operation)));
  }
  const rank = (path: string) => ranks.get(path) ?? Infinity;
  const sorted = Object.entries(document.paths).sort(([a], [b]) => rank(a) - rank(b));
  document.paths = Object.fromEntries(sorted);
}
