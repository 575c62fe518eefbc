import { setTimeout as sleep } from 'node:timers/promises';
import { Caller, type Look } from './caller.ts';
import { customerCount } from './domain.ts';
import type { Gateway } from './gateway.ts';
import type { Trio } from './trio.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly withdrawals: number;
  readonly onWithdrawal?: (done: number) => void;
}

/** What a run found. */
export interface Figures {
  /** Each with the say-so in both readers' memory: they had released just before. */
  readonly withdrawals: number;
  /** Of them by gateway. */
  readonly byWriter: readonly number[];
  /** Of them with the readers asked while the withdrawal was under way, too. */
  readonly crossed: number;
  /** The readers' first answers after a withdrawal, refusals left out. */
  readonly answers: number;
  /** Of them those that released what had been withdrawn. */
  readonly stale: number;
  /** Refusals because say-so moved. They release nothing and are asked again. */
  readonly refusals: number;
  /** The others' first answers after a grant that did not release yet. */
  readonly lateGrants: number;
  /** Rounds without a withdrawal, because somebody never released after the grant. */
  readonly unwarmed: number;
  readonly seconds: number;
}

type Counts = { -readonly [K in Exclude<keyof Figures, 'byWriter' | 'seconds'>]: Figures[K] };

/** Customers asked for at the same time, each by a lane of its own. */
const lanes = 16;
/** In one round of so many the readers are asked while the withdrawal is under way, too. */
const crossEvery = 4;
/** A gateway that says the same for longer will not say anything else. */
const patienceMs = 10_000;
const retryMs = 5;

/** Who does what in a round. */
interface Roles {
  readonly giver: Gateway;
  readonly writer: Gateway;
  readonly writerIndex: number;
  readonly readers: readonly Gateway[];
}

/** Over nine turns every gateway gives to, withdraws from and reads after every other. */
const rolesOf = (gateways: readonly Gateway[], turn: number): Roles => {
  const writerIndex = turn % gateways.length;
  const giver = gateways[(turn + Math.floor(turn / gateways.length)) % gateways.length];
  const writer = gateways[writerIndex];
  if (!giver || !writer) throw new Error('there are no gateways');
  const readers = gateways.filter((one) => one !== writer);
  return { giver, writer, writerIndex, readers };
};

/** Rounds of withdrawals over three gateways, and what the other two answer after each. */
class Run {
  readonly counts: Counts = {
    withdrawals: 0,
    crossed: 0,
    answers: 0,
    stale: 0,
    refusals: 0,
    lateGrants: 0,
    unwarmed: 0,
  };
  readonly byWriter: number[];
  readonly #caller: Caller;
  readonly #gateways: readonly Gateway[];
  readonly #options: RunOptions;
  #left: number;

  constructor(caller: Caller, gateways: readonly Gateway[], options: RunOptions) {
    this.#caller = caller;
    this.#gateways = gateways;
    this.#options = options;
    this.#left = options.withdrawals;
    this.byWriter = gateways.map(() => 0);
  }

  async lane(lane: number): Promise<void> {
    for (let turn = 0; this.#left > 0; turn += 1) {
      this.#left -= 1;
      const customer = 1 + lane + lanes * (turn % (customerCount / lanes));
      const roles = rolesOf(this.#gateways, lane + turn);
      if (await this.#grant(roles, customer)) {
        await this.#withdraw(roles, customer, turn % crossEvery === crossEvery - 1);
      } else {
        this.counts.unwarmed += 1;
        if (this.counts.unwarmed > lanes) throw new Error('grants do not arrive');
        this.#left += 1;
      }
    }
  }

  /** Gives, and lets all who are asked later release it: what is not in memory cannot be stale. */
  async #grant({ giver, writer, readers }: Roles, customer: number): Promise<boolean> {
    await this.#caller.say(giver, 'give', customer);
    const asked = giver === writer ? readers : this.#gateways;
    const warm = await Promise.all(
      asked.map(async (gateway) => {
        const first = await this.#answer(gateway, customer);
        if (first === 'withheld' && gateway !== giver) this.counts.lateGrants += 1;
        return first === 'released' || (await this.#releases(gateway, customer));
      }),
    );
    return warm.every(Boolean);
  }

  async #withdraw({ writer, writerIndex, readers }: Roles, customer: number, cross: boolean) {
    // Their answers may be either; what they leave in the readers' memory must not outlive them.
    const crossing = cross ? readers.map((reader) => this.#look(reader, customer)) : [];
    const withdrawn = async (): Promise<void> => {
      await this.#caller.say(writer, 'withdraw', customer);
      await Promise.all(
        readers.map(async (reader) => {
          const look = await this.#answer(reader, customer);
          this.counts.answers += 1;
          if (look === 'released') this.counts.stale += 1;
        }),
      );
    };
    await Promise.all([withdrawn(), ...crossing]);
    this.counts.withdrawals += 1;
    this.byWriter[writerIndex] = (this.byWriter[writerIndex] ?? 0) + 1;
    if (cross) this.counts.crossed += 1;
    this.#options.onWithdrawal?.(this.counts.withdrawals);
  }

  async #look(gateway: Gateway, customer: number): Promise<Look> {
    const look = await this.#caller.look(gateway, customer);
    if (look === 'moved') this.counts.refusals += 1;
    return look;
  }

  /** The first answer that is no refusal. */
  async #answer(gateway: Gateway, customer: number): Promise<Exclude<Look, 'moved'>> {
    for (const end = performance.now() + patienceMs; performance.now() < end;) {
      const look = await this.#look(gateway, customer);
      if (look !== 'moved') return look;
      await sleep(retryMs);
    }
    throw new Error('a gateway only refuses');
  }

  async #releases(gateway: Gateway, customer: number): Promise<boolean> {
    for (const end = performance.now() + patienceMs; performance.now() < end;) {
      await sleep(retryMs);
      if ((await this.#answer(gateway, customer)) === 'released') return true;
    }
    return false;
  }
}

/**
 * Has say-so withdrawn on one gateway while the others have it in memory, and counts how often
 * another still released it to the very next question.
 * @throws when a gateway ends, or answers anything else than it may
 */
export const countStale = async (trio: Trio, options: RunOptions): Promise<Figures> => {
  const over = new AbortController();
  const ended = trio.gateways.map((gateway) => gateway.ended);
  const signal = AbortSignal.any([options.signal, over.signal, ...ended]);
  const caller = new Caller(trio.issuer, signal);
  try {
    const begin = performance.now();
    const run = new Run(caller, trio.gateways, options);
    await Promise.all(Array.from({ length: lanes }, (_, lane) => run.lane(lane)));
    const seconds = (performance.now() - begin) / 1_000;
    return { ...run.counts, byWriter: run.byWriter, seconds };
  } catch (error) {
    // What ended the run, rather than what a request under way made of it.
    throw signal.aborted ? signal.reason : error;
  } finally {
    over.abort(new Error('the run is over'));
    caller.close();
  }
};
