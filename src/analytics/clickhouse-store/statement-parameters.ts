/** Collects the values of a statement and names the places where they stand: `{p0:String}`. */
export class StatementParameters {
  readonly values: Record<string, unknown> = {};
  private added = 0;

  add(type: string, value: unknown): string {
    const name = `p${this.added++}`;
    this.values[name] = value;
    return `{${name}:${type}}`;
  }
}
