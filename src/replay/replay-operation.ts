import type { OperationEntry, PackedDecision, StoredEntry } from '../audit/entry.ts';
import { packRanges } from '../audit/number-ranges.ts';
import { releasingReasons } from '../audit/reasons.ts';
import { judgePairs } from '../decision/judge-pairs.ts';
import type { Ask } from '../policy/plan.ts';
import type { Difference, DifferenceKind, Severity } from './difference.ts';
import type { EntrySet } from './entry-sets.ts';
import type { Expected, ExpectedDecisions } from './expected.ts';
import type { NoticesThen } from './ledger-facts.ts';
import { WordsOf, type SaidSo } from './said-so.ts';
import { mostLag, type Unheeded } from './stale-heads.ts';

export type StoredOperation = StoredEntry & OperationEntry;

/** What was derived, in persons × fields. */
export interface Derived {
  cells: number;
  /** More than one reason would have been right, by where the person lives. */
  onPlace: number;
  /** Withheld by a rule about the caller. */
  notDerivable: number;
  /** Released where a rule about the caller stands. */
  onRule: number;
}

/** What an operation is derived from. */
export interface OperationFacts {
  readonly expected: ExpectedDecisions;
  readonly saidSo: SaidSo;
  readonly notices: NoticesThen;
  /** In the order of the entry's. */
  readonly sets: readonly EntrySet[];
  /** The ledger has not come to the entry's head: nothing that rests on it can be derived. */
  readonly ledgerIsOlder: boolean;
  /** What had been recorded long before, behind the entry's head. */
  readonly unheeded: Unheeded;
  readonly derived: Derived;
  readonly report: (difference: Difference) => void;
}

const words = new WordsOf();

/** What a reason would have to be, of which one is enough. */
interface Reasons {
  readonly right: readonly string[];
  readonly release: 'always' | 'never' | 'maybe';
}

const only = (reason: string): Reasons => ({
  right: [reason],
  release: releasingReasons.has(reason) ? 'always' : 'never',
});

const severityOf = (released: boolean, { release }: Reasons): Severity => {
  if (released && release === 'never') return 'OVER_RELEASE';
  return !released && release === 'always' ? 'OVER_WITHHELD' : 'REASON';
};

/** Replays what one entry says of an operation; what does not follow is reported. */
class Operation {
  readonly #entry: StoredOperation;
  readonly #c: OperationFacts;
  readonly #gpc: boolean;
  /** Without say-so to decide by, nothing that asks for it can be released. */
  readonly #hasHead: boolean;
  readonly #head: number;
  readonly #now: number;
  /** Persons of whom something was released that what was not heeded forbids. */
  readonly #wronged = new Set<number>();

  constructor(entry: StoredOperation, facts: OperationFacts) {
    this.#entry = entry;
    this.#c = facts;
    this.#gpc = entry.signals.includes('GPC');
    this.#hasHead = entry.head !== undefined && entry.decidedAt !== undefined;
    this.#head = entry.head ?? 0;
    this.#now = entry.decidedAt ?? 0;
  }

  #report(
    severity: Severity,
    kind: DifferenceKind,
    says: string,
    follows: string,
    more: Pick<Difference, 'coordinate' | 'subjects'> = {},
  ): void {
    const { log, index, id } = this.#entry;
    this.#c.report({ severity, kind, log, index, id, ...more, says, follows });
  }

  replay(): void {
    this.#checkPurpose();
    this.#checkNotices();
    for (const decision of this.#entry.decisions) this.#decision(decision);
    this.#checkHeeded();
  }

  /** Whatever came of it: a gateway that follows the ledger would have known. */
  #checkHeeded(): void {
    const rest = [...this.#c.unheeded].filter(([number]) => !this.#wronged.has(number));
    if (rest.length === 0) return;
    const newest = rest.reduce((most, [, position]) => Math.max(most, position), 0);
    const subjects = packRanges(rest.map(([number]) => number));
    this.#report(
      ...(['RECORD', 'HEAD', `decided at position ${this.#head}`] as const),
      `what they had said by position ${newest}, recorded more than five minutes before`,
      { subjects },
    );
  }

  #checkPurpose(): void {
    const { purpose, outcome, decisions } = this.#entry;
    const { purposeTree } = this.#c.expected.policy.model;
    if (purpose === undefined || purposeTree.has(purpose)) return;
    // A request for such a purpose is refused, and its entry says what was asked.
    if (outcome !== 'ANSWERED' && decisions.length === 0) return;
    this.#report('RECORD', 'PURPOSE', `for \`${purpose}\``, 'no such purpose in the policy');
  }

  #checkNotices(): void {
    if (this.#c.ledgerIsOlder) return;
    const { purpose, head, notices } = this.#entry;
    const { purposeTree } = this.#c.expected.policy.model;
    const leaves =
      purpose !== undefined && head !== undefined && purposeTree.has(purpose)
        ? purposeTree.leavesOf(purpose)
        : [];
    const right = this.#c.notices.telling(leaves, this.#head);
    if (right.join(' ') === notices.join(' ')) return;
    const shown = (list: readonly string[]) => (list.length === 0 ? 'none' : list.join(', '));
    this.#report('RECORD', 'NOTICES', shown(notices), shown(right));
  }

  #decision([reason, places, among]: PackedDecision): void {
    // All of them are listed, as decoding has seen to.
    const coordinates = places.flatMap((place) => this.#entry.coordinates[place] ?? []);
    const known = among.flatMap((place) => this.#c.sets[place] ?? []);
    const byExpected = new Map<Expected, string[]>();
    for (const coordinate of coordinates) {
      if (reason === 'SUBJECT_ACCESS') {
        this.#access(coordinate, known);
        continue;
      }
      const expected = this.#c.expected.of(coordinate, this.#entry.purpose);
      if (!expected) this.#unknownField(reason, coordinate, known);
      else {
        const alike = byExpected.get(expected);
        if (alike) alike.push(coordinate);
        else byExpected.set(expected, [coordinate]);
      }
    }
    for (const [expected, alike] of byExpected) this.#alike(reason, expected, alike, known);
  }

  #unknownField(reason: string, coordinate: string, sets: readonly EntrySet[]): void {
    const released = releasingReasons.has(reason);
    this.#count(sets, 1);
    this.#report(
      released ? 'OVER_RELEASE' : 'RECORD',
      'COORDINATE',
      reason,
      'no such field in the policy',
      { coordinate, subjects: subjectsOf(sets) },
    );
  }

  #count(sets: readonly EntrySet[], fields: number): number {
    const persons = sets.reduce(
      (sum, { numbers, unknown }) => sum + numbers.length + (unknown ? 1 : 0),
      0,
    );
    this.#c.derived.cells += persons * fields;
    return persons * fields;
  }

  /** Fields of which the same is expected, decided for one reason. */
  #alike(
    reason: string,
    expected: Expected,
    coordinates: readonly string[],
    sets: readonly EntrySet[],
  ): void {
    const cells = this.#count(sets, coordinates.length);
    if (reason === 'NOT_PERMITTED' && expected.ruled) {
      this.#c.derived.notDerivable += cells;
      return;
    }
    const released = releasingReasons.has(reason);
    if (released && expected.ruled) this.#c.derived.onRule += cells;
    const differ = (reasons: Reasons, subjects: string | undefined): void => {
      for (const coordinate of coordinates) {
        const severity = severityOf(released, reasons);
        this.#report(severity, 'DECISION', reason, reasons.right.join(' or '), {
          coordinate,
          ...(subjects !== undefined && { subjects }),
        });
      }
    };
    if (sets.length === 0) {
      // A list that was not read, because no row of it could be shown.
      const closed = expected.kind === 'fixed' && expected.reason === 'NOT_COVERED';
      if (!closed) differ({ right: ['a decision about somebody'], release: 'never' }, undefined);
      else if (expected.reason !== reason) differ(only(expected.reason), undefined);
      return;
    }
    this.#checkNumbers(reason, expected, coordinates, sets);
    if (sets.some(({ unknown }) => unknown)) {
      const right = expected.kind === 'fixed' ? expected.ofNobody : 'NOT_EVALUATED';
      if (right !== reason) differ(only(right), '?');
    }
    if (released) {
      const late = this.#lateWords(expected, sets);
      for (const [right, numbers] of late)
        differ(
          { right: [`${right}, recorded more than five minutes before`], release: 'never' },
          packRanges(numbers),
        );
    }
    if (expected.kind === 'fixed') {
      const numbers = sets.flatMap((set) => set.numbers);
      const wrong =
        expected.reason === reason
          ? numbers.filter(
              (number) => this.#fixedAt(expected.reason, number, this.#head) !== reason,
            )
          : numbers;
      const right = expected.reason === reason ? 'ERASED' : expected.reason;
      if (wrong.length > 0) differ(only(right), packRanges(wrong));
      return;
    }
    if (this.#c.ledgerIsOlder) return;
    const wrong = this.#judgeAll(reason, expected.variants, coordinates.length, sets);
    for (const { reasons, numbers } of wrong.values()) differ(reasons, packRanges(numbers));
  }

  /** Where no say-so is asked for; an erased number is nobody's, so nothing but what is open is left. */
  #fixedAt(reason: string, number: number, head: number): string {
    if (reason === 'OPEN' || !releasingReasons.has(reason)) return reason;
    return (this.#c.saidSo.erased(number)?.position ?? Infinity) <= head ? 'ERASED' : reason;
  }

  /** Persons of whom this would be withheld by what was not heeded, by the reason that it gives. */
  #lateWords(expected: Expected, sets: readonly EntrySet[]): ReadonlyMap<string, number[]> {
    const late = new Map<string, number[]>();
    const { unheeded, saidSo } = this.#c;
    if (unheeded.size === 0) return late;
    for (const number of sets.flatMap((set) => set.numbers)) {
      const position = unheeded.get(number);
      if (position === undefined) continue;
      let reasons: Reasons;
      if (expected.kind === 'fixed')
        reasons = only(this.#fixedAt(expected.reason, number, position));
      else {
        words.set(saidSo.at(number, this.#c.expected.policy, position));
        reasons = this.#anywhere(expected.variants, number);
      }
      if (reasons.release !== 'never') continue;
      this.#wronged.add(number);
      const right = reasons.right.join(' or ');
      const found = late.get(right);
      if (found) found.push(number);
      else late.set(right, [number]);
    }
    return late;
  }

  #judgeAll(
    reason: string,
    variants: readonly (readonly Ask[])[],
    fields: number,
    sets: readonly EntrySet[],
  ): ReadonlyMap<string, { readonly reasons: Reasons; readonly numbers: number[] }> {
    const wrong = new Map<string, { reasons: Reasons; numbers: number[] }>();
    const { saidSo, expected, derived } = this.#c;
    const { policy } = expected;
    const note = (number: number, reasons: Reasons): void => {
      const key = reasons.right.join(' ');
      const found = wrong.get(key);
      if (found) found.numbers.push(number);
      else wrong.set(key, { reasons, numbers: [number] });
    };
    const [single] = variants;
    for (const { numbers } of sets) {
      for (const number of numbers) {
        if (!this.#hasHead) {
          note(number, only('NOT_EVALUATED'));
          continue;
        }
        words.set(saidSo.at(number, policy, this.#head));
        if (variants.length === 1 && single) {
          const right = judgePairs(single, number, undefined, words, this.#now, this.#gpc).reason;
          if (right !== reason) note(number, only(right));
          continue;
        }
        const reasons = this.#anywhere(variants, number);
        if (reasons.right.length > 1) derived.onPlace += fields;
        if (!reasons.right.includes(reason)) note(number, reasons);
      }
    }
    return wrong;
  }

  /** All that can come of it, wherever the person lives. */
  #anywhere(variants: readonly (readonly Ask[])[], number: number): Reasons {
    const right = new Set<string>();
    let releases = 0;
    for (const asks of variants) {
      const judged = judgePairs(asks, number, undefined, words, this.#now, this.#gpc);
      right.add(judged.reason);
      if (judged.release) releases += 1;
    }
    const release = releases === 0 ? 'never' : releases === variants.length ? 'always' : 'maybe';
    return { right: [...right].sort(), release };
  }

  /** Numbers that nobody has or had. */
  #checkNumbers(
    reason: string,
    expected: Expected,
    coordinates: readonly string[],
    sets: readonly EntrySet[],
  ): void {
    const beyond = sets.flatMap((set) => set.beyond ?? []);
    const undrawn = sets.flatMap(({ numbers }) =>
      numbers.filter((number) => !this.#c.saidSo.wasDrawn(number)),
    );
    if (undrawn.length > 0) beyond.push(packRanges(undrawn));
    if (beyond.length === 0) return;
    const open = expected.kind === 'fixed' && expected.reason === 'OPEN';
    const severity = releasingReasons.has(reason) && !open ? 'OVER_RELEASE' : 'RECORD';
    for (const coordinate of coordinates)
      this.#report(severity, 'NUMBER', reason, 'numbers that were never given to anybody', {
        coordinate,
        subjects: beyond.join(','),
      });
  }

  /** A person may be shown what is about them, and nobody else may, for whatever purpose. */
  #access(coordinate: string, sets: readonly EntrySet[]): void {
    this.#count(sets, 1);
    const subjects = subjectsOf(sets);
    const [set] = sets;
    const number = set?.numbers[0];
    const alone =
      sets.length === 1 && set?.numbers.length === 1 && !set.unknown && set.beyond === undefined;
    const differ = (follows: string): void =>
      this.#report(
        'OVER_RELEASE',
        'ACCESS',
        `SUBJECT_ACCESS by \`${this.#entry.actor}\``,
        follows,
        {
          coordinate,
          subjects,
        },
      );
    if (!alone || number === undefined) {
      differ('one person at a time');
      return;
    }
    if (!this.#isOwn(coordinate)) differ('fields about the persons who sign in');
    else if (!this.#isThemself(number)) differ('that person alone');
  }

  #isOwn(coordinate: string): boolean {
    const { types, signInType } = this.#c.expected.policy.model;
    const [typeName = '', field = ''] = coordinate.split('.');
    const type = types.get(typeName);
    if (signInType === undefined || type?.subject?.type !== signInType) return false;
    // Where no field shows it, the place of a person is named by its column.
    return (
      type.fields.has(field) ||
      (type.person !== undefined && field === (type.person.place ?? 'place'))
    );
  }

  #isThemself(number: number): boolean {
    const { actor, at } = this.#entry;
    if (actor === `subject:${number}`) return true;
    if (actor !== 'subject:unknown') return false;
    // Erased by another request while this one ran: by the time that the entry was written the number
    // was nobody's. An erasure of any other time excuses nothing.
    const since = at.getTime() - (this.#c.saidSo.erased(number)?.recordedAt ?? -Infinity);
    return since <= mostBefore && since >= -mostLag / 1_000;
  }
}

/** An operation takes no longer, in milliseconds. */
const mostBefore = 60_000;

const subjectsOf = (sets: readonly EntrySet[]): string => {
  const numbers = sets.flatMap((set) => [...set.numbers, ...(set.unknown ? [-1] : [])]);
  const beyond = sets.flatMap((set) => set.beyond ?? []);
  return [...(numbers.length > 0 ? [packRanges(numbers)] : []), ...beyond].join(',');
};

/** Derives every decision of an operation anew and reports what does not follow. */
export const replayOperation = (entry: StoredOperation, facts: OperationFacts): void =>
  new Operation(entry, facts).replay();
