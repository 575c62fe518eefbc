import { databaseCpu } from '../database-cpu.ts';
import { timed, timingOf } from '../ledger/timing.ts';
import { Load } from '../load.ts';
import { Variant } from '../variant.ts';
import { growthReportOf, type GrowthReport } from './report.ts';
import { asked, fewest, type Asked, type GrowthSample } from './samples.ts';
import { setGrowthStage, type GrowthStage } from './stage.ts';

/** Numbers of subjects that are measured when nothing else is said. */
export const fullGrowth: readonly number[] = [fewest, 1_000_000, 10_000_000];
/** What `npm run bench` measures beside the requests. */
export const smallGrowth: readonly number[] = [fewest, 100_000];

/** What the run gets from the bench around it. */
export interface GrowthRun {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Called with what has to be stopped, should the run end early. */
  readonly owns: (stop: () => Promise<void>) => void;
}

const rounds = 5;
const callers = 8;
const turns = { warmUp: 3, measured: 3 } as const;
const requests = { 1: 160, 100: 32 } as const satisfies Record<Asked, number>;
const timedRequests = { 1: 40, 100: 16 } as const satisfies Record<Asked, number>;

interface Gateway {
  readonly subjects: number;
  readonly variant: Variant;
}

const dataOf = (answer: Buffer): string =>
  JSON.stringify((JSON.parse(answer.toString()) as { readonly data: unknown }).data);

/**
 * The bytes of each gateway's answer, which also holds the ledger's position.
 * @throws when ledgers of different size give different data
 */
const lengthsOf = async (
  load: Load,
  gateways: readonly Gateway[],
  size: Asked,
): Promise<readonly number[]> => {
  const answers = await Promise.all(gateways.map(({ variant }) => load.ask(variant, size)));
  if (new Set(answers.map(dataOf)).size !== 1)
    throw new Error(`${size}: the data differ with the number of subjects`);
  return answers.map(({ length }) => length);
};

const takeTurns = async (
  { stage, load, signal }: { stage: GrowthStage; load: Load; signal: AbortSignal },
  gateways: readonly Gateway[],
  size: Asked,
  round: number,
): Promise<readonly GrowthSample[]> => {
  const lengths = await lengthsOf(load, gateways, size);
  const taken = gateways.map((gateway, i) => ({
    ...gateway,
    work: { size, count: requests[size], length: lengths[i] ?? NaN, callers },
    node: [] as number[],
    total: [] as number[],
    ms: [] as number[],
  }));
  for (let turn = -turns.warmUp; turn < turns.measured; turn += 1) {
    for (const { variant, work, node, total, ms } of turn % 2 === 0
      ? taken
      : [...taken].reverse()) {
      signal.throwIfAborted();
      const database = await databaseCpu(stage.postmaster);
      const before = await variant.cpu();
      await load.drive(variant, work);
      const used = ((await variant.cpu()) - before) / work.count;
      const after = await databaseCpu(stage.postmaster);
      const times: number[] = [];
      for (let i = 0; i < timedRequests[size]; i += 1)
        times.push(await timed(() => load.ask(variant, size)));
      if (turn < 0) continue;
      node.push(used);
      if (database !== undefined && after !== undefined)
        total.push(used + (after - database) / work.count);
      ms.push(...times);
    }
  }
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, one) => sum + one, 0) / values.length;
  return taken.map(({ subjects, node, total, ms }) => ({
    round,
    subjects,
    asked: size,
    node: mean(node),
    total: total.length === node.length ? mean(total) : undefined,
    p50: timingOf(ms).median,
  }));
};

/** The same queries by gateways over few and many subjects, which take turns. */
export const benchGrowth = async (
  sizes: readonly number[],
  run: GrowthRun,
): Promise<GrowthReport> => {
  const { signal, say, owns } = run;
  const stage = await setGrowthStage({ sizes, signal, say });
  owns(() => stage.close());
  const load = new Load({ signal, tokens: stage.tokens });
  const samples: GrowthSample[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const gateways: Gateway[] = [];
    for (const subjects of sizes) {
      const place = stage.place(subjects, `${subjects}-${round}`);
      const variant = await Variant.start('governed', place, signal);
      owns(() => variant.stop());
      gateways.push({ subjects, variant });
    }
    for (const size of asked)
      samples.push(...(await takeTurns({ stage, load, signal }, gateways, size, round)));
    await Promise.all(gateways.map(({ variant }) => variant.stop()));
    say(`growth: round ${round + 1} of ${rounds}`);
  }
  load.close();
  await stage.close();
  return growthReportOf(samples, stage.filled, stage.postgresVersion);
};
