import { checkAnswers, type Checked } from './check-answers.ts';
import { databaseCpu } from './database-cpu.ts';
import type { Load } from './load.ts';
import { sizes, type Size } from './shop.ts';
import type { Stage } from './stage.ts';
import { Variant, type VariantKind } from './variant.ts';

/** The serving processes of one round. `again` is `off` once more: what they differ by is noise. */
export interface Team {
  readonly governed: Variant;
  readonly off: Variant;
  readonly again: Variant;
}
export type Member = keyof Team;
export const members = ['governed', 'off', 'again'] as const satisfies readonly Member[];

const kinds: Readonly<Record<Member, VariantKind>> = {
  governed: 'governed',
  off: 'ungoverned',
  again: 'ungoverned',
};

/** CPU of one request in microseconds: of the serving process, and with the database's. */
export interface Cost {
  readonly node: number;
  readonly total: number | undefined;
}

export type Round = Readonly<Record<Size, Readonly<Record<Member, Cost>>>>;

/** How much is measured. */
export interface Effort {
  /** Each with new processes. */
  readonly teams: number;
  /** Rounds of one team. */
  readonly rounds: number;
  /** Turns that the variants take within a round, so that a busy moment meets all of them. */
  readonly turns: number;
  /** Requests of one turn. */
  readonly requests: Readonly<Record<Size, number>>;
  /** Turns before anything is counted, while the compiler is still at work. */
  readonly warmUp: number;
  /** On a machine that is busy otherwise no further round is begun when it would end later. */
  readonly seconds: number;
}

/** Fewer are no measurement, however long they take. */
const fewestRounds = 3;

export const efforts = {
  full: {
    teams: 5,
    rounds: 1,
    turns: 3,
    requests: { 1: 160, 100: 24, 1_000: 8 },
    warmUp: 2,
    seconds: 140,
  },
  quick: {
    teams: 1,
    rounds: 3,
    turns: 1,
    requests: { 1: 100, 100: 16, 1_000: 8 },
    warmUp: 2,
    seconds: 38,
  },
} as const satisfies Readonly<Record<string, Effort>>;

export interface Measured {
  readonly rounds: readonly Round[];
  readonly checked: Readonly<Record<Size, Checked>>;
}

export interface Bench {
  readonly stage: Stage;
  readonly load: Load;
  readonly effort: Effort;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Called with what has to be stopped, should the run end early. */
  readonly owns: (stop: () => Promise<void>) => void;
}

const startTeam = async ({ stage, owns, signal }: Bench, number: number): Promise<Team> => {
  const starts = await Promise.allSettled(
    members.map(async (member) => {
      const variant = await Variant.start(
        kinds[member],
        stage.place(`${member}-${number}`),
        signal,
      );
      owns(() => variant.stop());
      return [member, variant] as const;
    }),
  );
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed) throw failed.reason;
  return Object.fromEntries(
    starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : [])),
  ) as unknown as Team;
};

/** Who goes first changes from turn to turn. */
const inTurn = (turn: number): readonly Member[] =>
  members.map((_, i) => members[(i + turn) % members.length] ?? 'off');

/** One turn of one variant. */
const takeTurn = async (bench: Bench, variant: Variant, size: Size, length: number) => {
  const { stage, load, effort, signal } = bench;
  signal.throwIfAborted();
  const count = effort.requests[size];
  const database = await databaseCpu(stage.postmaster);
  const before = await variant.cpu();
  await load.drive(variant, size, count, length);
  const node = ((await variant.cpu()) - before) / count;
  const after = await databaseCpu(stage.postmaster);
  const known = database !== undefined && after !== undefined;
  return { node, total: known ? node + (after - database) / count : undefined };
};

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

const costOf = (turns: readonly Cost[]): Cost => {
  const totals = turns.flatMap(({ total }) => total ?? []);
  return {
    node: mean(turns.map(({ node }) => node)),
    total: totals.length === turns.length ? mean(totals) : undefined,
  };
};

const takeTurns = async (
  bench: Bench,
  team: Team,
  size: Size,
  { lengths }: Checked,
  turns: number,
): Promise<Readonly<Record<Member, Cost>>> => {
  const costs: Record<Member, Cost[]> = { governed: [], off: [], again: [] };
  for (let turn = 0; turn < turns; turn += 1) {
    for (const member of inTurn(turn)) {
      costs[member].push(await takeTurn(bench, team[member], size, lengths[member]));
    }
  }
  return {
    governed: costOf(costs.governed),
    off: costOf(costs.off),
    again: costOf(costs.again),
  };
};

/** Measures round after round; every team starts anew, is checked and warmed up. */
export const measure = async (bench: Bench): Promise<Measured> => {
  const { effort, say, signal } = bench;
  const rounds: Round[] = [];
  let checked: Measured['checked'] | undefined;
  const begin = performance.now();
  /** Whether as much again as `since` would end too late. */
  const late = (since: number): boolean => {
    const now = performance.now();
    return rounds.length >= fewestRounds && 2 * now - since - begin > effort.seconds * 1_000;
  };
  for (let number = 1; number <= effort.teams; number += 1) {
    const teamBegin = performance.now();
    signal.throwIfAborted();
    const team = await startTeam(bench, number);
    checked = await checkAnswers(bench.load, team);
    for (const size of sizes) await takeTurns(bench, team, size, checked[size], effort.warmUp);
    for (let one = 1; one <= effort.rounds; one += 1) {
      const round: Partial<Record<Size, Round[Size]>> = {};
      for (const size of sizes) {
        round[size] = await takeTurns(bench, team, size, checked[size], effort.turns);
      }
      rounds.push(round as Round);
      say(`round ${rounds.length} of ${effort.teams * effort.rounds}`);
    }
    await Promise.all(members.map((member) => team[member].stop()));
    if (number < effort.teams && late(teamBegin)) {
      say('the machine is busy: no further rounds');
      break;
    }
  }
  if (!checked) throw new Error('nothing was measured');
  return { rounds, checked };
};
