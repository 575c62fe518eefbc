import type { Caller } from './caller.ts';

/**
 * Who the token names, as the ledger and the log write it. Names that stand for persons there,
 * `subject:7` and `self`, are marked: an identity provider may give them to anybody.
 */
export const actorName = ({ sub }: Pick<Caller, 'sub'>): string =>
  /^(subject:|self$)/i.test(sub) ? `agent:${sub}` : sub;
