import { isYes, type ConsentSignal, type Origin } from '../../core/consent.ts';
import type { Notice, NoticeBook } from '../../core/notice.ts';
import type { Basis } from '../../directives/basis.ts';
import type { HistoryLine } from '../../ledger/consent-history.ts';
import { gpcOverridden, gpcSeen } from '../../ledger/fold-events.ts';
import { basisAt, judge, type FullReason } from '../../ledger/judge.ts';
import { currentNotices } from '../../ledger/notice-book.ts';
import type { Pair, Policy } from '../../policy/compile-policy.ts';
import { isDeclared, type PurposeNode } from '../../policy/model.ts';

/** Everything that the state of a person's choices hangs on. */
export interface ChoiceFacts {
  readonly policy: Policy;
  readonly book: NoticeBook;
  readonly place: unknown;
  /** The request carries the Global Privacy Control signal. */
  readonly gpc: boolean;
  readonly recentSignInSeconds: number;
  /** Newest first. */
  readonly history: readonly HistoryLine[];
  readonly state: (pair: number) => number;
  /** Microseconds since 1970; Infinity for never. */
  readonly expiry: (pair: number) => number;
  /** Microseconds since 1970. */
  readonly now: number;
}

export interface DataChoice {
  readonly category: string;
  readonly description: string | undefined;
  readonly origin: Origin;
  readonly declared: string | null;
  readonly basis: Basis;
  readonly used: boolean;
  readonly reason: FullReason;
  readonly validUntil: Date | null;
}

/** One step to say something; a yes and a no have the same form. */
export interface ChoiceStep {
  readonly mutation: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly maxAge: number | null;
}

export interface PurposeChoice {
  readonly purpose: string;
  readonly description: string | undefined;
  readonly gain: string | undefined;
  readonly basis: Basis;
  readonly used: boolean;
  readonly sale: boolean;
  readonly recipients: readonly string[];
  readonly retention: string | undefined;
  readonly askAgain: boolean;
  /** A signal of theirs says no, and no yes in knowledge of it stands. */
  readonly conflict: ConsentSignal | null;
  readonly notice: {
    readonly id: string;
    readonly version: number;
    readonly languages: readonly string[];
  } | null;
  readonly choices: readonly DataChoice[];
  readonly yes: ChoiceStep | null;
  readonly no: ChoiceStep | null;
}

const isBinding = (basis: Basis): boolean => basis === 'CONTRACT' || basis === 'LEGAL_OBLIGATION';

const choiceOf = (pair: Pair, f: ChoiceFacts): DataChoice => {
  const basis = basisAt(pair.basis, pair.places, f.place);
  const expiry = f.expiry(pair.index);
  const { release, reason } = judge(basis, f.state(pair.index), f.now >= expiry, pair, f.gpc);
  const declared = isDeclared(pair.scope) ? pair.scope : null;
  return {
    category: pair.category,
    description: f.policy.model.categories.get(pair.category)?.description,
    // A scope that is no declared field is an origin.
    origin: declared === null ? (pair.scope as Origin) : 'ZERO_PARTY',
    declared,
    basis,
    used: release,
    reason,
    validUntil: expiry === Infinity ? null : new Date(expiry / 1_000),
  };
};

/**
 * Whether the newest yes was to a notice that did not tell of this, or to fewer recipients, and a yes
 * to the notice of today would.
 */
const outgrew = (
  choice: DataChoice,
  node: PurposeNode,
  notice: Notice | undefined,
  f: ChoiceFacts,
): boolean => {
  const told = notice?.purposes.find(({ purpose }) => purpose === node.name);
  if (choice.declared !== null || told?.categories.includes(choice.category) === false)
    return false;
  const line = f.history.find(({ kind, purposes }) => isYes(kind) && purposes.includes(node.name));
  if (!line) return false;
  if (node.recipients.some((one) => !line.recipients.includes(one))) return true;
  const shown = f.book
    .get(line.notice ?? '')
    ?.find(({ version }) => version === line.noticeVersion)
    ?.purposes.find(({ purpose }) => purpose === node.name);
  return shown !== undefined && !shown.categories.includes(choice.category);
};

const isRefusedBySignal = ({ index, sale }: Pair, { state, gpc }: ChoiceFacts): boolean =>
  sale && (gpc || (state(index) & gpcSeen) !== 0) && (state(index) & gpcOverridden) === 0;

const yesStep = (
  node: PurposeNode,
  choices: readonly DataChoice[],
  notice: Notice | undefined,
  f: ChoiceFacts,
): ChoiceStep | null => {
  const open = choices.filter(
    ({ basis, category, declared }) =>
      declared === null &&
      (!isBinding(basis) || node.directMarketing) &&
      f.policy.model.categories.get(category)?.deprecated === undefined,
  );
  if (open.length === 0 || node.deprecated !== undefined) return null;
  // Data that nobody volunteered is named only where there is nothing else to agree to.
  const origins = [...new Set(open.map(({ origin }) => origin))];
  return {
    mutation: 'giveConsent',
    arguments: {
      purpose: node.name,
      ...(!origins.includes('FIRST_PARTY') && { origins }),
      ...(notice && { notice: { id: notice.id, version: notice.version } }),
    },
    maxAge: f.recentSignInSeconds,
  };
};

const noStep = (node: PurposeNode, choices: readonly DataChoice[]): ChoiceStep | null => {
  const bases = new Set(choices.map(({ basis }) => basis));
  const bound = [...bases].every(isBinding);
  if (bound && !node.directMarketing) return null;
  const agreed = choices.some(({ reason }) => reason === 'CONSENTED' || reason === 'EXPIRED');
  const mutation = agreed
    ? 'withdrawConsent'
    : bases.has('CONSENT') && bases.size === 1
      ? 'refuseConsent'
      : 'objectToProcessing';
  return { mutation, arguments: { purpose: node.name }, maxAge: null };
};

/** The state of every leaf purpose for a person, and how to change it. Pure. */
export const purposeChoices = (f: ChoiceFacts): readonly PurposeChoice[] => {
  const { purposes, purposeTree } = f.policy.model;
  const current = currentNotices(f.book);
  return purposeTree.leaves.flatMap((name) => {
    const node = purposes.get(name);
    const pairs = f.policy.pairs.filter(({ purpose }) => purpose === name);
    if (!node || pairs.length === 0) return [];
    const choices = pairs.map((pair) => choiceOf(pair, f));
    const notice = current.find((one) => one.purposes.some(({ purpose }) => purpose === name));
    const places = new Map(node.places.flatMap(({ is, in: codes }) => codes.map((c) => [c, is])));
    const askAgain = choices.some(
      (choice) =>
        choice.reason === 'EXPIRED' ||
        choice.reason === 'REQUESTED' ||
        (choice.reason === 'NOT_LISTED' && outgrew(choice, node, notice, f)),
    );
    return [
      {
        purpose: name,
        description: node.description,
        gain: node.gain,
        basis: basisAt(node.basis, places, f.place),
        used: choices.some(({ used }) => used),
        sale: node.sale,
        recipients: node.recipients,
        retention: node.retention,
        askAgain,
        conflict: pairs.some((pair) => isRefusedBySignal(pair, f)) ? 'GPC' : null,
        notice: notice
          ? {
              id: notice.id,
              version: notice.version,
              languages: notice.languages.map(({ language }) => language),
            }
          : null,
        choices,
        yes: yesStep(node, choices, notice, f),
        no: noStep(node, choices),
      },
    ];
  });
};
