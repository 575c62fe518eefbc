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

/** The profile of all rows of a plan that concerns nobody by its type: what is open is released. */
export const plainProfile = (plan: RowPlan): Profile => ({
  ...nobodysProfile(plan),
  releases: Uint8Array.from(plan.decisions, ({ kind }) => (kind === 'open' ? 1 : 0)),
  stays: true,
});

/**
 * Finds a plan's profiles by the codes of its `ask` decisions, one after the other: a step for each
 * and no text. Nodes are numbers, the root is 0; behind the last code stands a profile.
 */
export class ProfileTree {
  readonly #plan: RowPlan;
  /** Node × `codeLimit` + code → next node, or profile + 1; 0 where nobody has been. */
  #next = new Int32Array(4 * codeLimit);
  #nodes = 1;
  readonly #profiles: Profile[] = [];

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

  /** @param codes of the plan's `ask` decisions, in their order; not kept */
  numberOf(codes: Uint8Array): number {
    const { length } = codes;
    if (length === 0) return this.#profiles.length > 0 ? 0 : this.#add(codes);
    let at = 0;
    for (let k = 0; k < length; k += 1) {
      const slot = at * codeLimit + (codes[k] ?? 0);
      let next = this.#next[slot] ?? 0;
      if (next === 0) {
        next = k + 1 < length ? this.#grow() : this.#add(codes) + 1;
        this.#next[slot] = next;
      }
      at = next;
    }
    return at - 1;
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

  #add(codes: Uint8Array): number {
    let k = 0;
    const outcomes = this.#plan.decisions.map((decision) =>
      decision.kind === 'ask' ? judgementOf(codes[k++] ?? -1) : settled(decision, true),
    );
    return this.#profiles.push(profileOf(this.#plan, outcomes)) - 1;
  }
}
