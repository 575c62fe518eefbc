import type { Knex } from 'knex';
import type { ConsentSnapshot } from '../ledger/consent-snapshot.ts';
import type { LogErasures } from '../ledger/log-erasures.ts';
import type { SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { Sources } from '../sources/source.ts';

/** How many things one page may hold. */
export interface PageLimits {
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
}

/** What the resolvers that every deployment has work with. */
export interface BuiltInOptions {
  readonly policy: Policy;
  readonly knex: Knex;
  readonly subjects: SubjectDirectory;
  readonly limits: PageLimits;
  /** How long ago a person who says yes may have signed in. */
  readonly recentSignInSeconds: number;
  readonly sources: Sources;
  readonly snapshot: ConsentSnapshot;
  readonly receipts: Receipts;
  readonly logErasures: LogErasures;
}

/** Gives receipts of what persons said. */
export interface Receipts {
  /** @throws SaysoError RECORD_NOT_FOUND (404) where the record is nobody's, or somebody else's */
  ofPerson(number: number, record: string, format: 'ISO_27560' | 'KANTARA'): Promise<unknown>;
}
