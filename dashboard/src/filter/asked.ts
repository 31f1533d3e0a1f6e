import { computed } from '@preact/signals';
import { hrefOf, param, params, place, setParams } from '../app/router.js';
import { allOf, type Condition, type Filter, type Narrowing, partsOf, type Scalar } from './filter.js';
import { FilterTextFault, parseFilter, printFilter } from './filter-text.js';
import { narrowingWords } from './words.js';

/** The filter and the segment of the address. */
export const asked = computed<Narrowing & { fault: string | null }>(() => {
  const text = param('filter');
  const segment = param('segment') ?? undefined;
  try {
    return { filter: text === null ? undefined : parseFilter(text), segment, fault: null };
  } catch (error) {
    if (!(error instanceof FilterTextFault)) throw error;
    return { filter: undefined, segment, fault: `The filter in the address ${error.message}.` };
  }
});

export const isNarrowed = computed(() => asked.value.filter !== undefined || asked.value.segment !== undefined);

/** For "how counted". */
export const askedWords = computed(() => narrowingWords(asked.value));

/** A list begins at its first page again. */
export function ask({ filter, segment }: Narrowing): void {
  setParams({ filter: filter === undefined ? null : printFilter(filter), segment, cursor: null });
}

/** The parameters of a question that takes a filter. */
export function queryOf({ filter, segment }: Narrowing): { filters?: string; segment?: string } {
  return {
    ...(filter === undefined ? {} : { filters: JSON.stringify(filter) }),
    ...(segment === undefined ? {} : { segment }),
  };
}

/** The same in a body. */
export function bodyOf({ filter, segment }: Narrowing): { filters?: Filter; segment?: string } {
  return { ...(filter === undefined ? {} : { filters: filter }), ...(segment === undefined ? {} : { segment }) };
}

/** What rollups know is asked of them: a client and a type have parameters of their own. The rest is a filter. */
export interface Split extends Narrowing {
  client_id: string | undefined;
  event_type: string | undefined;
}

export const split = computed<Split>(() => {
  const { filter, segment } = asked.value;
  const parts = partsOf(filter);
  const first = (property: string) => parts.find((part) => isEqual(part, property) && typeof part.value === 'string');
  const [client, type] = [first('client_id'), first('event_type')] as (Condition | undefined)[];
  return {
    filter: allOf(...parts.filter((part) => part !== client && part !== type)),
    segment,
    client_id: client?.value as string | undefined,
    event_type: type?.value as string | undefined,
  };
});

export const splitQuery = ({ client_id, event_type, ...rest }: Split) => ({ client_id, event_type, ...queryOf(rest) });

const isEqual = (part: Filter, property: string): part is Condition =>
  'property' in part && part.property === property && part.op === 'is';

const isSame = (part: Filter, property: string, value: Scalar) =>
  isEqual(part, property) && JSON.stringify(part.value) === JSON.stringify(value);

export const isChosen = (property: string, value: Scalar): boolean =>
  partsOf(asked.value.filter).some((part) => isSame(part, property, value));

/** A link to this page with one more chip, or without it where it is there. */
export function toggleHref(property: string, value: Scalar): string {
  const others = partsOf(asked.value.filter).filter((part) => !isEqual(part, property));
  const added: Condition[] = isChosen(property, value) ? [] : [{ property, op: 'is', value }];
  const filter = allOf(...others, ...added);
  return hrefOf(place.value.page, {
    ...Object.fromEntries(params.value),
    filter: filter === undefined ? null : printFilter(filter),
  });
}

/** Of a link to a page that shows only what has this value. */
export const filterParam = (property: string, value: Scalar) => ({
  filter: printFilter({ property, op: 'is', value }),
});
