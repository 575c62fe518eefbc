import type { SaidPage } from '../ledger/consent-pages.ts';
import { State } from '../ledger/fold-events.ts';
import { basisAt } from '../ledger/judge.ts';
import type { Ask, RowPlan } from '../policy/plan.ts';
import type { Profile } from './decided-rows.ts';
import {
  codeReleases,
  expiredBit,
  notEvaluatedCode,
  outcomeTable,
  type OutcomeTable,
} from './outcomes.ts';
import { nobodysProfile, plainProfile, ProfileTree } from './profile-tree.ts';

/** One table for each pair that a plan asks for, decision by decision. */
export type Tables = readonly OutcomeTable[];

/** What is worked out of a plan once, for requests with the signal or for those without. */
export class RowDecider {
  /** Of rows whose subject is nobody known. */
  readonly nobody: Profile;
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
  readonly #codes: Uint8Array;
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
    this.#codes = new Uint8Array(asked.length);
    this.#tree = new ProfileTree(plan);
    this.asksAny = asked.length > 0;
    this.nobody = nobodysProfile(plan);
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
    return this.#asks.map((ask) =>
      outcomeTable(basisAt(ask.basis, ask.places, place), ask, this.#gpc),
    );
  }

  /**
   * Decides on one person: all pairs of a decision must release. The reason is that of the first
   * that withholds, else of the first.
   *
   * @param start where the person starts in the page
   * @param now microseconds since 1970, by the database's clock
   * @returns the number of a profile in the tree of this batch
   */
  decide({ states, expiry }: SaidPage, start: number, tables: Tables, now: number): number {
    const codes = this.#codes;
    const starts = this.#starts;
    const pairs = this.#pairs;
    for (let k = 0; k < codes.length; k += 1) {
      const first = starts[k] ?? 0;
      const end = starts[k + 1] ?? 0;
      // A decision that asks for nothing was not evaluated.
      let decided = notEvaluatedCode;
      for (let a = first; a < end; a += 1) {
        const at = start + (pairs[a] ?? 0);
        const state = states[at] ?? State.unknown;
        const table = tables[a];
        let code = table?.[state] ?? notEvaluatedCode;
        if (expiry !== undefined) {
          const expired = table?.[state | expiredBit] ?? notEvaluatedCode;
          if (expired !== code && now >= (expiry.get(at) ?? Infinity)) code = expired;
        }
        if (a === first) decided = code;
        // One pair is the rule: there is nothing to look up then.
        if (end - first === 1) break;
        if (!codeReleases(code)) {
          decided = code;
          break;
        }
      }
      codes[k] = decided;
    }
    return this.#tree.numberOf(codes);
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
