import { parseArgs } from 'node:util';
import { describeDifference, fuzz, summary } from './run.ts';

/*
 * Holds the planned executor to graphql-js on random schemas and operations:
 * npm run fuzz -- [--operations 200000] [--seed 1] [--case 17]
 */

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '200000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    case: { type: 'string' },
  },
});

const whole = (name: string, text: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} is no whole number: ${text}`);
};

const findings = await fuzz({
  operations: whole('operations', values.operations),
  seed: whole('seed', values.seed),
  ...(values.case !== undefined && { onlyCase: whole('case', values.case) }),
  onProgress: (operations, differences) => {
    process.stderr.write(`${operations} operations, ${differences} differ\n`);
  },
});
for (const one of findings.differences)
  process.stdout.write(`${describeDifference(findings.seed, one)}\n\n`);
process.stdout.write(`${summary(findings)}\n`);
if (findings.differences.length > 0) process.exitCode = 1;
