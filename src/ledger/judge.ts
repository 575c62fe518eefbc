import { placeOf } from '../core/places.ts';
import type { Basis } from '../directives/basis.ts';
import { State } from './fold-events.ts';

/** The full reason, for the auditor; clients are told a coarser one. */
export type FullReason =
  | 'CONTRACT'
  | 'LEGAL_OBLIGATION'
  | 'LEGITIMATE_INTEREST'
  | 'OPT_OUT'
  | 'CONSENTED'
  | 'NEVER_ASKED'
  | 'REFUSED'
  | 'WITHDRAWN'
  | 'OBJECTED'
  | 'EXPIRED'
  | 'NOT_EVALUATED';

/** Rules 2 to 5 for one pair of one subject. */
export interface Judgement {
  readonly release: boolean;
  readonly reason: FullReason;
}

const yes = (reason: FullReason): Judgement => Object.freeze({ release: true, reason });
const no = (reason: FullReason): Judgement => Object.freeze({ release: false, reason });

const judgements = {
  CONTRACT: yes('CONTRACT'),
  LEGAL_OBLIGATION: yes('LEGAL_OBLIGATION'),
  LEGITIMATE_INTEREST: yes('LEGITIMATE_INTEREST'),
  OPT_OUT: yes('OPT_OUT'),
  CONSENTED: yes('CONSENTED'),
  NEVER_ASKED: no('NEVER_ASKED'),
  REFUSED: no('REFUSED'),
  WITHDRAWN: no('WITHDRAWN'),
  OBJECTED: no('OBJECTED'),
  EXPIRED: no('EXPIRED'),
  NOT_EVALUATED: no('NOT_EVALUATED'),
} as const satisfies Record<FullReason, Judgement>;

/** Withheld because something could not be evaluated (rule 8). */
export const notEvaluated: Judgement = judgements.NOT_EVALUATED;

const refusals: Readonly<Record<number, Judgement | undefined>> = {
  [State.refused]: judgements.REFUSED,
  [State.withdrawn]: judgements.WITHDRAWN,
  [State.objected]: judgements.OBJECTED,
};

/** Judges one pair by its basis, the subject's newest word on it, and the database's time. */
export const judge = (basis: Basis, state: number, expired: boolean): Judgement => {
  switch (basis) {
    case 'CONTRACT':
      return judgements.CONTRACT;
    case 'LEGAL_OBLIGATION':
      return judgements.LEGAL_OBLIGATION;
    case 'LEGITIMATE_INTEREST':
    case 'OPT_OUT':
      // A byte that this version does not know is no yes.
      if (state === State.none || state === State.given) return judgements[basis];
      return refusals[state] ?? notEvaluated;
    case 'CONSENT':
      if (state === State.given) return expired ? judgements.EXPIRED : judgements.CONSENTED;
      return refusals[state] ?? (state === State.none ? judgements.NEVER_ASKED : notEvaluated);
    default:
      return notEvaluated;
  }
};

const strictness: Readonly<Record<Basis, number>> = {
  CONSENT: 3,
  LEGITIMATE_INTEREST: 2,
  OPT_OUT: 2,
  CONTRACT: 1,
  LEGAL_OBLIGATION: 1,
};

/**
 * The basis where the subject lives. An unknown place means opt-in. A region falls back to its
 * country. Who is known by country only, where some region is stricter, gets the strictest.
 */
export const basisAt = (
  basis: Basis,
  places: ReadonlyMap<string, Basis>,
  where: unknown,
): Basis => {
  if (places.size === 0) return basis;
  // Only ASCII letters are put right: others have upper cases that are codes of somewhere else.
  const written = typeof where === 'string' ? where.trim() : '';
  const place = placeOf(/^[\x20-\x7e]*$/.test(written) ? written.toUpperCase() : '');
  if (place === undefined) return 'CONSENT';
  const { code, country, isRegion } = place;
  const here = places.get(code) ?? places.get(country) ?? basis;
  if (isRegion) return here;
  let strictest = here;
  for (const [listed, other] of places) {
    if (listed.startsWith(`${country}-`) && strictness[other] > strictness[strictest]) {
      strictest = other;
    }
  }
  return strictest;
};
