/** Reasons for which cells leave; every other one withholds. */
export const releasingReasons: ReadonlySet<string> = new Set([
  'OPEN',
  'SUBJECT_ACCESS',
  'CONTRACT',
  'LEGAL_OBLIGATION',
  'LEGITIMATE_INTEREST',
  'OPT_OUT',
  'CONSENTED',
]);
