import type { SaidBytes } from '../ledger/consent-pages.ts';
import { State } from '../ledger/fold-events.ts';
import { basisAt } from '../ledger/judge.ts';
import type { Ask, RowPlan } from '../policy/plan.ts';
import type { Profile } from './decided-rows.ts';
import {
  codeReleases,
  expiredBit,
  notEvaluatedCode,
  outcomeTable,
  outcomeTableSize,
  type OutcomeTable,
} from './outcomes.ts';
import { nobodysProfile, plainProfile, ProfileTree, settledProfile } from './profile-tree.ts';

/** The tables of all pairs that a plan asks for, one behind the other. */
export type Tables = OutcomeTable;

/** What is worked out of a plan once, for requests with the signal or for those without. */
export class RowDecider {
  /** Of rows whose subject is nobody known. */
  readonly nobody: Profile;
  /** Of rows whose subject is known, where nothing is asked. */
  readonly settled: Profile;
  /** Of rows whose type concerns nobody. */
  readonly plain: Profile;
  /** Some decision turns on what the person said. */
  readonly asksAny: boolean;
  readonly #plan: RowPlan;
  readonly #gpc: boolean;
  readonly #asks: readonly Ask[];
  readonly #pairs: Int32Array;
  /** Where the pairs of each `ask` decision start in `#pairs`, and where those of the last end. */
  readonly #starts: Int32Array;
  readonly #tables: Tables;
  readonly #placed: boolean;
  /** Of pairs and of decisions, while a profile is met for the first time. */
  readonly #codes: Uint8Array;
  readonly #decided: Uint8Array;
  #tree: ProfileTree;

  constructor(plan: RowPlan, gpc: boolean) {
    const asked = plan.decisions.flatMap((decision) =>
      decision.kind === 'ask' ? [decision.asks] : [],
    );
    this.#plan = plan;
    this.#gpc = gpc;
    this.#asks = asked.flat();
    this.#pairs = Int32Array.from(this.#asks, ({ pair }) => pair);
    this.#starts = new Int32Array(asked.length + 1);
    for (const [k, { length }] of asked.entries())
      this.#starts[k + 1] = (this.#starts[k] ?? 0) + length;
    this.#placed = this.#asks.some(({ places }) => places.size > 0);
    this.#tables = this.#of(undefined);
    this.#codes = new Uint8Array(this.#asks.length);
    this.#decided = new Uint8Array(asked.length);
    this.#tree = new ProfileTree(plan);
    this.asksAny = asked.length > 0;
    this.nobody = nobodysProfile(plan);
    this.settled = settledProfile(plan);
    this.plain = plainProfile(plan);
  }

  /** To call before a batch: profile numbers hold until the next call. */
  begin(): ProfileTree {
    if (this.#tree.isFull) this.#tree = new ProfileTree(this.#plan);
    return this.#tree;
  }

  /**
   * The tables that hold where a person lives.
   *
   * @param met places of the same batch: what they lead to is kept in it
   */
  tablesAt(place: unknown, met: Map<unknown, Tables>): Tables {
    if (!this.#placed) return this.#tables;
    // Whatever is no text is no place that is known.
    const where = typeof place === 'string' ? place : undefined;
    let tables = met.get(where);
    if (tables === undefined) {
      tables = this.#of(where);
      met.set(where, tables);
    }
    return tables;
  }

  #of(place: string | undefined): Tables {
    const tables = new Uint8Array(this.#asks.length * outcomeTableSize);
    for (const [a, ask] of this.#asks.entries())
      tables.set(
        outcomeTable(basisAt(ask.basis, ask.places, place), ask, this.#gpc),
        a * outcomeTableSize,
      );
    return tables;
  }

  /**
   * Decides on one person: all pairs of a decision must release. The reason is that of the first
   * that withholds, else of the first.
   *
   * @param start where the person starts in `said`
   * @param now microseconds since 1970, by the database's clock
   * @returns the number of a profile in the tree of this batch
   */
  decide(said: SaidBytes, start: number, tables: Tables, now: number): number {
    const { states } = said;
    const pairs = this.#pairs;
    const tree = this.#tree;
    const hasEnd = said.hasEnd(start);
    const count = this.#asks.length;
    let node = 0;
    for (let a = 0; a < count; a += 1) {
      const at = start + (pairs[a] ?? 0);
      let state = states[at] ?? State.unknown;
      if (hasEnd && now >= said.endOf(at)) state |= expiredBit;
      node = tree.next(node, tables[a * outcomeTableSize + state] ?? notEvaluatedCode);
      if (node === 0) break;
    }
    return node > 0 ? node - 1 : this.#meet(said, start, tables, now);
  }

  /** Decides on somebody of a profile that the tree does not know yet, and shows it the way. */
  #meet(said: SaidBytes, start: number, tables: Tables, now: number): number {
    const codes = this.#codes;
    for (let a = 0; a < codes.length; a += 1) {
      const at = start + (this.#pairs[a] ?? 0);
      const state = said.states[at] ?? State.unknown;
      const index = now >= said.endOf(at) ? state | expiredBit : state;
      codes[a] = tables[a * outcomeTableSize + index] ?? notEvaluatedCode;
    }
    for (let k = 0; k < this.#decided.length; k += 1) this.#decided[k] = this.#codeOf(k);
    return this.#tree.enter(codes, this.#decided);
  }

  /** What the codes of a decision's pairs come to. */
  #codeOf(k: number): number {
    const codes = this.#codes.subarray(this.#starts[k], this.#starts[k + 1]);
    // A decision that asks for nothing was not evaluated.
    return codes.find((code) => !codeReleases(code)) ?? codes[0] ?? notEvaluatedCode;
  }
}

const deciders = new WeakMap<RowPlan, { readonly plain: RowDecider; readonly gpc: RowDecider }>();

/** The decider of a plan, made when first asked for and gone with the plan. */
export const deciderOf = (plan: RowPlan, gpc: boolean): RowDecider => {
  let made = deciders.get(plan);
  if (made === undefined) {
    made = { plain: new RowDecider(plan, false), gpc: new RowDecider(plan, true) };
    deciders.set(plan, made);
  }
  return gpc ? made.gpc : made.plain;
};
