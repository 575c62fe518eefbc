import {
  execute as reference,
  isNonNullType,
  parse,
  print,
  visit,
  type DocumentNode,
  type ExecutionArgs,
} from 'graphql';
import { createPlannedExecutor } from '../../src/execution/planned-executor.ts';
import { Random } from '../oracle/random.ts';
import { mix, moods } from './behaviour.ts';
import { observe, type Execute, type Trial } from './compare.ts';
import { drawDocument, inputValue, type RandomDocument } from './random-operation.ts';
import { drawWorld, type World } from './world.ts';

const documentsPerWorld = 150;

/** Two executions that differ, with the smallest document found that shows it. */
export interface Difference {
  readonly caseNumber: number;
  readonly expected: string;
  readonly actual: string;
  readonly document: string;
  readonly variableValues: unknown;
}

export interface Findings {
  readonly seed: number;
  readonly operations: number;
  readonly cases: number;
  readonly schemas: number;
  /** Operations that waited for something, and that told errors: whether the fuzzer has teeth. */
  readonly awaited: number;
  readonly failed: number;
  readonly differences: readonly Difference[];
  readonly seconds: number;
}

export interface FuzzOptions {
  readonly operations: number;
  readonly seed: number;
  /** To run one case alone. */
  readonly onlyCase?: number;
  /** Differences after which to stop. */
  readonly enough?: number;
  /** What is held to the reference instead of the planned executor. */
  readonly subject?: (world: World, maxWeight: number) => Execute;
  readonly onProgress?: (operations: number, differences: number) => void;
}

const planned = ({ schema }: World, maxWeight: number): Execute =>
  createPlannedExecutor(schema, { maxWeight });

const drawVariables = (
  { variables }: RandomDocument,
  random: Random,
): Readonly<Record<string, unknown>> | undefined =>
  random.chance(0.02)
    ? undefined
    : Object.fromEntries(
        variables
          .filter(({ type, hasDefault }) =>
            random.chance(isNonNullType(type) && !hasDefault ? 0.99 : 0.7),
          )
          .map(({ name, type }) => [name, inputValue(type, random)]),
      );

const drawMore = (random: Random): Partial<ExecutionArgs> =>
  random.weighted<Partial<ExecutionArgs>>([
    [{}, 20],
    [{ fieldResolver: (source: unknown, args: unknown, _context: unknown, info) => (source as Readonly<Record<string, unknown>>)[info.fieldName] ?? `${info.fieldName} ${JSON.stringify(args)}` }, 1], // prettier-ignore
    [{ typeResolver: (value: { readonly kind?: string }) => value.kind }, 1],
    [{ options: { maxCoercionErrors: 1 } }, 0.5],
    [{ hideSuggestions: true }, 0.5],
    [{ subscribeFieldResolver: () => undefined }, 0.2],
  ]);

/** The trials of one case: the same operation again, with other variables, and again. */
const drawTrials = (world: World, caseSeed: number): readonly Trial[] => {
  const random = new Random(caseSeed);
  const drawn = drawDocument(world.schema, random);
  const document = parse(drawn.text);
  const mood = random.of(moods);
  const needsName = drawn.operations.length > 1;
  const operationName = random.chance(needsName ? 0.97 : 0.2) ? (random.chance(0.98) ? random.of(drawn.operations) : 'Nobody') : undefined; // prettier-ignore
  const common = { world, document, mood, operationName, more: drawMore(random) };
  const [first, second] = [0, 1].map((i) => ({
    ...common,
    seed: mix(caseSeed, i),
    variableValues: drawVariables(drawn, random),
  }));
  return [first!, first!, second!, first!];
};

/** Leaves out one selection, directive or argument after another, as long as a difference stays. */
const shrink = async (
  trial: Trial,
  differs: (trial: Trial) => Promise<boolean>,
): Promise<Trial> => {
  let smallest = trial;
  for (let at = 0, steps = 0; steps < 600; steps += 1) {
    let met = -1;
    const document: DocumentNode = visit(smallest.document, {
      enter: (node, _key, parent) => {
        const isOne = ['Field', 'InlineFragment', 'FragmentSpread', 'Directive', 'Argument'].includes(node.kind) && Array.isArray(parent); // prettier-ignore
        if (!isOne) return undefined;
        if (node.kind.match(/Field|Fragment/) && (parent as readonly unknown[]).length === 1) return undefined; // prettier-ignore
        met += 1;
        return met === at ? null : undefined;
      },
    });
    if (met < at) return smallest;
    // Printed and parsed, so that places are those of the text that is shown.
    const smaller = { ...smallest, document: parse(print(document)) };
    if (await differs(smaller)) smallest = smaller;
    else at += 1;
  }
  return smallest;
};

/** Promises of lists that graphql-js gives up on reject without anybody listening. */
const withoutRejections = async <T>(work: () => Promise<T>): Promise<T> => {
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', () => undefined);
  try {
    const result = await work();
    await new Promise((done) => setTimeout(done, 20));
    return result;
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const listener of listeners) process.on('unhandledRejection', listener);
  }
};

/** Executes random operations with graphql-js and with the planned executor, and compares all. */
export const fuzz = (options: FuzzOptions): Promise<Findings> =>
  withoutRejections(async () => {
    const { operations, seed, onlyCase, enough = 3, subject = planned, onProgress } = options;
    const begun = performance.now();
    const differences: Difference[] = [];
    const counts = { operations: 0, cases: 0, schemas: 0, awaited: 0, failed: 0 };
    let world: World | undefined;
    let execute: Execute = reference;
    for (
      let n = onlyCase ?? 0;
      counts.operations < operations && differences.length < enough;
      n += 1
    ) {
      if (!world || n % documentsPerWorld === 0) {
        const worldSeed = mix(seed, Math.floor(n / documentsPerWorld));
        world = drawWorld(worldSeed);
        // A small cache is full all the time, a large one never.
        const maxWeight = worldSeed % 2 === 0 ? 120 : 100_000;
        execute = subject(world, maxWeight);
        counts.schemas += 1;
      }
      counts.cases += 1;
      const expectations = new Map<Trial, string>();
      for (const trial of drawTrials(world, mix(seed + 1, n))) {
        const expected = expectations.get(trial) ?? (await observe(reference, trial));
        expectations.set(trial, expected);
        const actual = await observe(execute, trial);
        counts.operations += 1;
        counts.awaited += expected.startsWith('later') ? 1 : 0;
        counts.failed += expected.includes('errors') ? 1 : 0;
        if (expected === actual) continue;
        const differs = async (one: Trial): Promise<boolean> => {
          const right = await observe(reference, one);
          return right !== (await observe(execute, one)) || right !== (await observe(execute, one));
        };
        const small = await shrink(trial, differs);
        differences.push({ caseNumber: n, expected, actual, document: print(small.document), variableValues: trial.variableValues }); // prettier-ignore
        break;
      }
      if (counts.cases % 1000 === 0) onProgress?.(counts.operations, differences.length);
      if (onlyCase !== undefined) break;
    }
    return { seed, ...counts, differences, seconds: (performance.now() - begun) / 1000 };
  });

const firstDifference = (expected: string, actual: string): string => {
  const [left, right] = [expected.split('\n'), actual.split('\n')];
  const at = left.findIndex((line, i) => line !== right[i]);
  const line = at < 0 ? left.length : at;
  return `  graphql-js: ${left[line] ?? '(nothing)'}\n  planned:    ${right[line] ?? '(nothing)'}`;
};

/** A difference, with what is needed to see it again. */
export const describeDifference = (seed: number, one: Difference): string =>
  [
    `difference: npm run fuzz -- --seed ${seed} --case ${one.caseNumber}`,
    firstDifference(one.expected, one.actual),
    `  variables: ${JSON.stringify(one.variableValues)}`,
    one.document,
  ].join('\n');

/** One line that says what was done. */
export const summary = (findings: Findings): string => {
  const share = (count: number): string => `${((100 * count) / Math.max(1, findings.operations)).toFixed(0)} %`; // prettier-ignore
  return `seed ${findings.seed}: ${findings.operations} operations of ${findings.cases} cases on ${findings.schemas} schemas, ${share(findings.awaited)} awaited, ${share(findings.failed)} with errors, ${findings.differences.length} differences, ${findings.seconds.toFixed(1)} s`;
};
