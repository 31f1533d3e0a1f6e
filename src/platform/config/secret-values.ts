const values = new Set<string>();

/** Values of this process's own settings that open something: nothing that is logged or answered may hold them. */
export const secretValues: ReadonlySet<string> = values;

/** From now on `value` is one of {@link secretValues}, also as who decodes a query or a string of JSON meets it. */
export function keepSecret(value: string): void {
  values.add(value);
  values.add(value.replaceAll('+', ' ')); // in a query, a plus is a space
  values.add(JSON.stringify(value).slice(1, -1));
}
