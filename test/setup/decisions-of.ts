import { unpackDecisions } from '../../src/audit/audit-filter.ts';
import type { AuditDecision, PackedDecisions } from '../../src/audit/entry.ts';

/** All decisions of an entry, unpacked. */
export const decisionsOf = (packed: PackedDecisions): readonly AuditDecision[] =>
  unpackDecisions(packed, packed.decisions);
