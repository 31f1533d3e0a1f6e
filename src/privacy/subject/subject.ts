/** Whom an erasure is about, and who turned out to be the same person. */
export interface Subject {
  tenantId: string;
  /** The user_id, exactly as in the records. */
  userId: string;
  /** `userId` and the anonymous ids that belong to nobody else. */
  identities: readonly string[];
  /** Sessions in which nobody else was. */
  sessions: readonly string[];
}

/** Somebody whose anonymous ids and sessions are not looked up yet. */
export const bareSubject = (tenantId: string, userId: string): Subject => ({
  tenantId,
  userId,
  identities: [userId],
  sessions: [],
});

/**
 * E-mail addresses are the same in upper and lower case where somebody is mentioned; an identity is its exact text.
 * The database decides it too: folds_case().
 */
export const foldsCase = (userId: string): boolean => /^[^@\s\p{Cc}]+@[^@\s\p{Cc}]+$/u.test(userId);

/** Places of the parameters user id, whether case folds, and {@link needleOf}. */
export interface MentionParameters {
  user: string;
  fold: string;
  needle: string;
}

/**
 * SQL for how a JSON column names the subject (see json_names in the migration). The search in its text is only a quick way
 * out: what does not contain the subject cannot have it as a value.
 */
export function namesIn(column: string, { user, fold, needle }: MentionParameters): string {
  const folded = (text: string) => `case when ${fold} then lower(${text}) else ${text} end`;
  return `case when strpos(${folded(`${column}::text`)}, ${folded(needle)}) > 0
    then json_names(${column}, ${user}, ${fold}) else 0 end`;
}

/** The subject as it stands in the text of a JSON document, without the quotes. */
export const needleOf = (userId: string): string => JSON.stringify(userId).slice(1, -1);

/** Two counts added, name by name. */
export function addCounts(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const sum = { ...a };
  for (const [name, n] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + n;
  return sum;
}
