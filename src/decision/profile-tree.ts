import { notEvaluated, type FullReason } from '../ledger/judge.ts';
import type { Decide, RowPlan } from '../policy/plan.ts';
import type { LoggedReason, Profile } from './decided-rows.ts';
import { codeLimit, judgementOf } from './outcomes.ts';

/** Nodes that a tree may keep from one batch to the next. */
const maxNodes = 2_048;

interface Outcome {
  readonly release: boolean;
  readonly reason: LoggedReason;
}

/** How a decision comes out that no say-so is asked for; of an `ask`, how one said nothing to. */
const settled = (decision: Decide, somebody: boolean): Outcome => {
  if (decision.kind === 'open') return { release: true, reason: 'OPEN' };
  if (decision.kind === 'never') return { release: false, reason: decision.reason };
  // A row that concerns nobody known cannot be evaluated, whatever the basis.
  if (decision.kind === 'ask' || !somebody) return notEvaluated;
  return { release: true, reason: decision.basis as FullReason };
};

const profileOf = ({ gates }: RowPlan, outcomes: readonly Outcome[]): Profile => ({
  releases: Uint8Array.from(outcomes, ({ release }) => (release ? 1 : 0)),
  reasons: outcomes.map(({ reason }) => reason),
  stays: gates.every(({ decision }) => outcomes[decision]?.release === true),
});

/** The profile of all rows of a plan whose subject is nobody known. */
export const nobodysProfile = (plan: RowPlan): Profile =>
  profileOf(
    plan,
    plan.decisions.map((decision) => settled(decision, false)),
  );

/** The profile of rows whose subject is known, where the plan asks for no say-so. */
export const settledProfile = (plan: RowPlan): Profile =>
  profileOf(
    plan,
    plan.decisions.map((decision) => settled(decision, true)),
  );

/** The profile of all rows of a plan that concerns nobody by its type: what is open is released. */
export const plainProfile = (plan: RowPlan): Profile => ({
  ...nobodysProfile(plan),
  releases: Uint8Array.from(plan.decisions, ({ kind }) => (kind === 'open' ? 1 : 0)),
  stays: true,
});

/**
 * Finds a plan's profiles by the codes of the pairs that it asks for, one after the other: a step
 * for each and no text. Nodes are numbers, the root is 0; behind the last code stands a profile.
 */
export class ProfileTree {
  readonly #plan: RowPlan;
  /** Node × `codeLimit` + code → next node, or profile + 1; 0 where nobody has been. */
  #next = new Int32Array(4 * codeLimit);
  #nodes = 1;
  readonly #profiles: Profile[] = [];
  /** By the codes of the decisions: several ways may lead to one profile. */
  readonly #known = new Map<string, number>();

  constructor(plan: RowPlan) {
    this.#plan = plan;
  }

  /** It has grown enough: rather start another with the next batch. */
  get isFull(): boolean {
    return this.#nodes > maxNodes || this.#profiles.length > maxNodes;
  }

  /** How many profiles were met. */
  get size(): number {
    return this.#profiles.length;
  }

  /** Where a step leads: a node, behind the last code a profile + 1; 0 where `enter` was not called. */
  next(node: number, code: number): number {
    return this.#next[node * codeLimit + code] ?? 0;
  }

  /**
   * The number of the profile behind these codes, which from now on are found by `next`.
   *
   * @param codes of all pairs; not kept
   * @param decided what they come to, by `ask` decision of the plan; not kept
   */
  enter(codes: Uint8Array, decided: Uint8Array): number {
    const profile = this.#numberOf(decided);
    let node = 0;
    for (let a = 0; a < codes.length; a += 1) {
      const slot = node * codeLimit + (codes[a] ?? 0);
      node = this.#next[slot] ?? 0;
      if (node > 0) continue;
      node = a + 1 < codes.length ? this.#grow() : profile + 1;
      this.#next[slot] = node;
    }
    return profile;
  }

  profile(number: number): Profile {
    const profile = this.#profiles[number];
    if (!profile) throw new RangeError('no such profile');
    return profile;
  }

  #grow(): number {
    if ((this.#nodes + 1) * codeLimit > this.#next.length) {
      const next = new Int32Array(2 * this.#next.length);
      next.set(this.#next);
      this.#next = next;
    }
    return this.#nodes++;
  }

  #numberOf(decided: Uint8Array): number {
    const key = decided.join(' ');
    let number = this.#known.get(key);
    if (number === undefined) {
      let k = 0;
      const outcomes = this.#plan.decisions.map((decision) =>
        decision.kind === 'ask' ? judgementOf(decided[k++] ?? -1) : settled(decision, true),
      );
      number = this.#profiles.push(profileOf(this.#plan, outcomes)) - 1;
      this.#known.set(key, number);
    }
    return number;
  }
}
