import type { AuditStore } from '../audit/audit-store.ts';
import type { Consents } from '../decision/identified-consents.ts';
import type { ConsentSnapshot } from '../ledger/consent-snapshot.ts';
import type { NoticesInForce } from '../ledger/notices-in-force.ts';
import type { SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { Sources } from '../sources/source.ts';
import type { Guards } from './guards.ts';

/** Everything that stands along the road, built once in \`app.ts\`. */
export interface Road {
  readonly policy: Policy;
  readonly guards: Guards;
  readonly sources: Sources;
  readonly subjects: SubjectDirectory;
  readonly snapshot: ConsentSnapshot;
  readonly consents: Consents;
  readonly notices: NoticesInForce;
  readonly audit: AuditStore;
}
