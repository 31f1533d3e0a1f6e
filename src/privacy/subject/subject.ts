/** The person that an erasure is about, with the ids that turned out to be the same person. */
export interface Subject {
  tenantId: string;
  /** The user_id, exactly as in the records. */
  userId: string;
  /** `userId` and the anonymous ids that belong to nobody else. */
  identities: readonly string[];
  /** Sessions without any other user. */
  sessions: readonly string[];
}

/** A subject whose anonymous ids and sessions are not looked up yet. */
export const bareSubject = (tenantId: string, userId: string): Subject => ({
  tenantId,
  userId,
  identities: [userId],
  sessions: [],
});

/**
 * In mentions, e-mail addresses in upper and lower case are the same; an identity is its exact text. The same rule in
 * the database: folds_case().
 */
export const foldsCase = (userId: string): boolean => /^[^@\s\p{Cc}]+@[^@\s\p{Cc}]+$/u.test(userId);

/** Places of the parameters user id, whether case folds, and {@link needleOf}. */
export interface MentionParameters {
  user: string;
  fold: string;
  needle: string;
}

/**
 * SQL for how a JSON column names the subject (see json_names in the migration). The search in its text is only a quick
 * exclusion: a text that does not contain the subject cannot have it as a value.
 */
export function namesIn(column: string, { user, fold, needle }: MentionParameters): string {
  const folded = (text: string) => `case when ${fold} then lower(${text}) else ${text} end`;
  return `case when strpos(${folded(`${column}::text`)}, ${folded(needle)}) > 0
    then json_names(${column}, ${user}, ${fold}) else 0 end`;
}

/** The subject as it is written in a JSON document, without the quotes. */
export const needleOf = (userId: string): string => JSON.stringify(userId).slice(1, -1);

/** Two counts added, name by name. */
export function addCounts(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const sum = { ...a };
  for (const [name, n] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + n;
  return sum;
}
