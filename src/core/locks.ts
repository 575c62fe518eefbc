/**
 * Advisory locks of the database, as two-part keys: each is taken for one kind of work, within a
 * transaction, by whatever process does it.
 */
export const locks = {
  /** Numbers of persons are added to the lottery. */
  subjectBlock: [0x5a50, 1],
  /** The key of persons is agreed on, and ids are sealed. */
  subjectKey: [0x5a50, 2],
  /** Erasures are entered into the audit log. */
  erasures: [0x5a50, 3],
  /** Tables of months are made and dropped. */
  partitions: [0x5a50, 4],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;
