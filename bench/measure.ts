import { setTimeout as sleep } from 'node:timers/promises';
import { checkAnswers, type Checked } from './check-answers.ts';
import { databaseCpu } from './database-cpu.ts';
import { fewestRounds, type Effort } from './efforts.ts';
import type { Load } from './load.ts';
import { kindOf, own, peers, type Member } from './members.ts';
import { sizes, type Size } from './shop.ts';
import type { Stage } from './stage.ts';
import { Variant } from './variant.ts';

/** CPU of one request in microseconds: of the serving process, and with the database's. */
export interface Cost {
  readonly node: number;
  readonly total: number | undefined;
}

/** What one variant's requests cost in one round. */
export interface Sample {
  /** From 0. */
  readonly round: number;
  readonly member: Member;
  readonly size: Size;
  readonly callers: number;
  readonly cost: Cost;
}

export interface Measured {
  readonly samples: readonly Sample[];
  readonly rounds: number;
  readonly checked: Readonly<Record<Size, Checked>>;
}

export interface Bench {
  readonly stage: Stage;
  readonly load: Load;
  readonly effort: Effort;
  /** Requests under way at a time. */
  readonly callers: number;
  /** Other servers are measured as well. */
  readonly peers: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Called with what has to be stopped, should the run end early. */
  readonly owns: (stop: () => Promise<void>) => void;
}

/** The serving processes of one round. */
export type Team = ReadonlyMap<Member, Variant>;

/** Starts the processes of one round, each with a place of its own. */
export const startTeam = async (
  { stage, owns, signal }: Pick<Bench, 'stage' | 'owns' | 'signal'>,
  members: readonly Member[],
  number: number,
): Promise<Team> => {
  const starts = await Promise.allSettled(
    members.map(async (member) => {
      const place = stage.place(`${member}-${number}`);
      const variant = await Variant.start(kindOf[member], place, signal);
      owns(() => variant.stop());
      return [member, variant] as const;
    }),
  );
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed) throw failed.reason;
  return new Map(starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : [])));
};

/** Asks the members of a team, for `checkAnswers`. */
export const checkTeam = (load: Load, team: Team): Promise<Measured['checked']> =>
  checkAnswers(
    (member, size, purpose) => {
      const variant = team.get(member);
      if (!variant) throw new Error(`\`${member}\` is not in the team`);
      return load.ask(variant, size, purpose);
    },
    [...team.keys()],
  );

/** Who goes first changes from turn to turn, and who follows whom. */
const inTurn = (team: Team, turn: number): readonly (readonly [Member, Variant])[] => {
  const all = [...team];
  const first = turn % all.length;
  const turned = [...all.slice(first), ...all.slice(0, first)];
  return turn % 2 === 0 ? turned : turned.reverse();
};

const isPeer = (member: Member): boolean => peers.includes(member);

interface Turn {
  readonly member: Member;
  readonly size: Size;
  readonly callers: number;
  readonly length: number;
  /** Nothing is counted of those that warm up. */
  readonly counts: boolean;
}

/**
 * The gateway indexes its log and signs it behind its answers, a second later at most. That is its own
 * cost, and nobody else's: it is waited for, and belongs to the requests before it.
 */
const behindMs = 1_300;

/**
 * One turn of one variant. Each caller has something to do in it. What is counted has requests in front
 * that are not: whoever waited for the others had its young memory shrunk and its code pushed out of the
 * processor's caches, and would be measured at getting both back.
 */
const takeTurn = async (bench: Bench, variant: Variant, turn: Turn): Promise<Cost> => {
  const { stage, load, effort, signal } = bench;
  signal.throwIfAborted();
  const { member, size, length, callers, counts } = turn;
  const { [isPeer(member) ? 'peers' : 'own']: requests } = effort.requests;
  const count = Math.max(requests[size], callers);
  const drive = async (share: number): Promise<void> => {
    const some = Math.max(Math.ceil(count * share), callers);
    await load.drive(variant, { size, length, callers, count: some });
    if (counts && member === 'governed') await sleep(behindMs, undefined, { signal });
  };
  if (counts) await drive(effort.leadIn);
  const database = await databaseCpu(stage.postmaster);
  const before = await variant.cpu();
  await drive(1);
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

interface Turns {
  readonly size: Size;
  readonly callers: number;
  readonly turns: number;
  /** Of those the peers take so many. */
  readonly peerTurns: number;
  readonly counts: boolean;
}

const takeTurns = async (
  bench: Bench,
  team: Team,
  { lengths }: Checked,
  { size, callers, turns, peerTurns, counts }: Turns,
): Promise<ReadonlyMap<Member, Cost>> => {
  const costs = new Map<Member, Cost[]>([...team.keys()].map((member) => [member, []]));
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [member, variant] of inTurn(team, turn)) {
      if (isPeer(member) && turn >= peerTurns) continue;
      const length = lengths.get(member) ?? NaN;
      const taken = { member, size, callers, length, counts };
      costs.get(member)?.push(await takeTurn(bench, variant, taken));
    }
  }
  return new Map([...costs].map(([member, turnsTaken]) => [member, costOf(turnsTaken)]));
};

/** All sizes, by the callers that are asked for and by the others. */
const takeRound = async (
  bench: Bench,
  team: Team,
  checked: Measured['checked'],
  round: number,
): Promise<readonly Sample[]> => {
  const { turns, peerTurns, otherCallers } = bench.effort;
  const samples: Sample[] = [];
  const asked = { callers: bench.callers, turns, peerTurns };
  const others = otherCallers
    .filter((callers) => callers !== bench.callers)
    .map((callers) => ({ callers, turns: 1, peerTurns: 1 }));
  for (const one of [asked, ...others]) {
    for (const size of sizes) {
      const costs = await takeTurns(bench, team, checked[size], { ...one, size, counts: true });
      for (const [member, cost] of costs)
        samples.push({ round, member, size, callers: one.callers, cost });
    }
  }
  return samples;
};

const warmUp = async (bench: Bench, team: Team, checked: Measured['checked']): Promise<void> => {
  const { callers, effort, signal } = bench;
  // What was compiled for one size alone is compiled anew once another has been met.
  for (const pass of [1, 2]) {
    if (pass === 2) await sleep(effort.restMs, undefined, { signal });
    for (const size of sizes) {
      const turns = Math.ceil(effort.warmUp[size] / 2);
      signal.throwIfAborted();
      const all = { size, callers, turns, peerTurns: turns, counts: false };
      await takeTurns(bench, team, checked[size], all);
    }
    bench.say(`warmed up, ${pass} of 2`);
  }
};

/** Measures round after round; every team starts anew, is checked and warmed up. */
export const measure = async (bench: Bench): Promise<Measured> => {
  const { effort, say, signal } = bench;
  const samples: Sample[] = [];
  let rounds = 0;
  let checked: Measured['checked'] | undefined;
  const begin = performance.now();
  /** Whether as much again as `since` would end too late. */
  const late = (since: number): boolean => {
    if (effort.seconds === undefined || rounds < fewestRounds) return false;
    const now = performance.now();
    return 2 * now - since - begin > effort.seconds * 1_000;
  };
  for (let number = 1; number <= effort.teams; number += 1) {
    const teamBegin = performance.now();
    signal.throwIfAborted();
    const team = await startTeam(bench, bench.peers ? [...own, ...peers] : own, number);
    checked = await checkTeam(bench.load, team);
    await warmUp(bench, team, checked);
    for (let one = 1; one <= effort.rounds; one += 1) {
      samples.push(...(await takeRound(bench, team, checked, rounds)));
      rounds += 1;
      say(`round ${rounds} of ${effort.teams * effort.rounds}`);
    }
    await Promise.all([...team.values()].map((variant) => variant.stop()));
    if (number < effort.teams && late(teamBegin)) {
      say('the machine is busy: no further rounds');
      break;
    }
  }
  if (!checked) throw new Error('nothing was measured');
  return { samples, rounds, checked };
};
