import type { Knex } from 'knex';
import type { SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';

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
}
