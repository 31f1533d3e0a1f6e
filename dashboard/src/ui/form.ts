/** What stands in a field of a form, without spaces around it; empty where there is no such field. */
export function textOf(form: HTMLFormElement | FormData, name: string): string {
  const value = (form instanceof FormData ? form : new FormData(form)).get(name);
  return typeof value === 'string' ? value.trim() : '';
}
