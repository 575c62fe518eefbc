import { placeOf } from '../core/places.ts';
import type { Basis } from '../directives/basis.ts';
import { gpcOverridden, gpcSeen, State, wordOf } from './fold-events.ts';

/** The full reason, for the auditor; clients are told a coarser one. */
export type FullReason =
  | 'CONTRACT'
  | 'LEGAL_OBLIGATION'
  | 'LEGITIMATE_INTEREST'
  | 'OPT_OUT'
  | 'CONSENTED'
  | 'NEVER_ASKED'
  | 'REQUESTED'
  | 'DEFERRED'
  | 'NOT_LISTED'
  | 'REFUSED'
  | 'WITHDRAWN'
  | 'REVOKED'
  | 'OBJECTED'
  | 'ERASED'
  | 'EXPIRED'
  | 'GPC'
  | 'NOT_EVALUATED';

/** Rules 2 to 7 for one pair of one subject. */
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
  REQUESTED: no('REQUESTED'),
  DEFERRED: no('DEFERRED'),
  NOT_LISTED: no('NOT_LISTED'),
  REFUSED: no('REFUSED'),
  WITHDRAWN: no('WITHDRAWN'),
  REVOKED: no('REVOKED'),
  OBJECTED: no('OBJECTED'),
  ERASED: no('ERASED'),
  EXPIRED: no('EXPIRED'),
  GPC: no('GPC'),
  NOT_EVALUATED: no('NOT_EVALUATED'),
} as const satisfies Record<FullReason, Judgement>;

/** Withheld because something could not be evaluated (rule 8). */
export const notEvaluated: Judgement = judgements.NOT_EVALUATED;

const noes: Readonly<Record<number, Judgement | undefined>> = {
  [State.refused]: judgements.REFUSED,
  [State.withdrawn]: judgements.WITHDRAWN,
  [State.objected]: judgements.OBJECTED,
  [State.revoked]: judgements.REVOKED,
  [State.erased]: judgements.ERASED,
  [State.unknown]: notEvaluated,
};

/** Where nobody said anything that counts: told under consent only. */
const silences: Readonly<Record<number, Judgement | undefined>> = {
  [State.none]: judgements.NEVER_ASKED,
  [State.requested]: judgements.REQUESTED,
  [State.deferred]: judgements.DEFERRED,
  [State.notListed]: judgements.NOT_LISTED,
  [State.accepted]: judgements.NOT_LISTED,
};

const knownBits = 0x0f | gpcSeen | gpcOverridden;

/** What is judged besides the person's word. */
export interface PairTerms {
  readonly sale?: boolean | undefined;
  readonly directMarketing?: boolean | undefined;
}

/**
 * Judges one pair by its basis, the state that `foldEvents` gave, and the database's time.
 *
 * @param state a byte of `FoldedStates.states`
 * @param expired whether the time is at or after the end of the yes, if one stands
 * @param signalled whether the request carries the Global Privacy Control signal
 */
export const judge = (
  basis: Basis,
  state: number,
  expired: boolean,
  { sale, directMarketing }: PairTerms = {},
  signalled = false,
): Judgement => {
  // A mark that this version does not know may mean a no.
  const word = (state & ~knownBits) === 0 ? wordOf(state) : State.unknown;
  const refusal = noes[word];
  if (basis === 'CONTRACT' || basis === 'LEGAL_OBLIGATION') {
    return (directMarketing === true ? refusal : undefined) ?? judgements[basis];
  }
  if (refusal) return refusal;
  const given = word === State.given;
  const silence = silences[word];
  // A state that this version does not know is no yes.
  if (!given && silence === undefined) return notEvaluated;
  // A yes that has ended overrides nothing any more.
  const overridden = (state & gpcOverridden) !== 0 && !expired;
  const gpc = sale === true && (signalled || (state & gpcSeen) !== 0) && !overridden;
  switch (basis) {
    case 'LEGITIMATE_INTEREST':
    case 'OPT_OUT':
      return gpc ? judgements.GPC : judgements[basis];
    case 'CONSENT':
      if (given && expired) return judgements.EXPIRED;
      if (gpc) return judgements.GPC;
      return given ? judgements.CONSENTED : (silence ?? notEvaluated);
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
