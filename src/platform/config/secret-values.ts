const values = new Set<string>();

/** Values of this process's own settings that open something: nothing that is logged or answered may hold them. */
export const secretValues: ReadonlySet<string> = values;

/** From now on `value` is one of {@link secretValues}. */
export function keepSecret(value: string): void {
  values.add(value);
}
