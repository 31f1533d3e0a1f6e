interface PersonalRecord {
  id: Buffer;
  userId: string | null;
  sessionId: string | null;
}

/**
 * The id of the first of these records where all belong to one person, else null. The call log row of the call that
 * stored them gets the same id, so that an erasure finds its address and user agent by key, without any further write.
 */
export function recordOfOnePerson(records: readonly PersonalRecord[]): Buffer | null {
  const [first] = records;
  if (first === undefined || (first.userId === null && first.sessionId === null)) return null;
  const isTheirs = ({ userId, sessionId }: PersonalRecord) =>
    userId === first.userId && (userId !== null || sessionId === first.sessionId);
  return records.every(isTheirs) ? first.id : null;
}
