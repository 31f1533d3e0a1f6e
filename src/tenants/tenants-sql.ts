/** Part of a condition: the column is `:name`, in whatever case, as the unique index compares. */
export const hasName = (column: string): string => `lower(${column}) = lower(:name)`;
