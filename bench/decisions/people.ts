/** Fields and their categories, as `schema/decisions.graphql` has them. */
export const categoryOf = {
  email: 'EMAIL',
  phone: 'PHONE',
  address: 'ADDRESS',
  birthDate: 'BIRTH_DATE',
  purchases: 'PURCHASES',
  browsing: 'BROWSING',
  location: 'LOCATION',
} as const;
export type Field = keyof typeof categoryOf;
const allFields = Object.keys(categoryOf) as readonly Field[];

/** What each purpose covers. Nothing else is released for it. */
export const covers = {
  SUGGEST: ['PURCHASES', 'BROWSING', 'LOCATION'],
  GREET: ['BIRTH_DATE', 'EMAIL'],
  LOYALTY: ['PURCHASES', 'EMAIL', 'BIRTH_DATE'],
  NEWSLETTER: ['EMAIL', 'PURCHASES'],
  CALLS: ['PHONE', 'LOCATION', 'PURCHASES'],
  FULFILMENT: ['EMAIL', 'PHONE', 'ADDRESS'],
  RESEARCH: ['PURCHASES', 'BROWSING', 'LOCATION', 'BIRTH_DATE'],
  PARTNERS: ['EMAIL', 'PURCHASES', 'BROWSING', 'LOCATION'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type PurposeName = keyof typeof covers;
export const purposeNames = Object.keys(covers) as readonly PurposeName[];

/** Rests on a contract: nobody is asked. */
export const contract: PurposeName = 'FULFILMENT';

export const subjectCount = 5_000;
export const idOf = (subject: number): string => `customer-${subject}`;

const scramble = (seed: number): number => {
  let h = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  return (h ^ (h >>> 16)) >>> 0;
};

/** The categories that a person agreed to for a purpose: seven in ten of those that it covers. */
export const yesOf = (subject: number, purpose: PurposeName): readonly string[] =>
  covers[purpose].filter(
    (_, i) => scramble(subject * 64 + purposeNames.indexOf(purpose) * 8 + i + 1) % 10 < 7,
  );

/**
 * Triples that stand together as those of one request do: one purpose, and of each of many persons
 * the same fields.
 */
export interface Batch {
  readonly purpose: PurposeName;
  readonly fields: readonly Field[];
  readonly ids: readonly string[];
}

const batchCount = 16;
const personsOfBatch = 1_000;
/** As many as the bench’s query has under a rule; which of the seven is left out differs by batch. */
const fieldsOfBatch = 6;
/** Triples. */
export const batchSize = personsOfBatch * fieldsOfBatch;

/** The same random triples in every process and run, those that no purpose covers among them. */
export const batches = (): readonly Batch[] => {
  let seed = 2_147_001;
  const below = (count: number): number => (seed = scramble(seed + 0x9e3779b9)) % count;
  return Array.from({ length: batchCount }, () => {
    const left = [...allFields];
    while (left.length > fieldsOfBatch) left.splice(below(left.length), 1);
    return {
      purpose: purposeNames[below(purposeNames.length)] ?? 'SUGGEST',
      fields: left,
      ids: Array.from({ length: personsOfBatch }, () => idOf(below(subjectCount))),
    };
  });
};

/** One way to decide. */
export interface Decider {
  /** Writes 1 for each field of each person, in this order, that may be released, 0 for the others. */
  decide(batch: Batch, out: Uint8Array): void | Promise<void>;
  close?(): Promise<void>;
}
