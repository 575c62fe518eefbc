import { parseArgs } from 'node:util';
import { describeDifference, run } from './run.ts';

/*
 * Compares the product with the oracle on many random cases:
 * npm run oracle -- [--cases 100000] [--seed 1] [--json]
 */

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const whole = (name: 'cases' | 'seed'): number => {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} is no whole number: ${values[name]}`);
};

const start = performance.now();
const findings = run({
  cases: whole('cases'),
  seed: whole('seed'),
  onProgress: (done, differing) => {
    if (done % 5000 !== 0) return;
    const rate = Math.round(done / ((performance.now() - start) / 1000));
    process.stderr.write(`${done} cases, ${differing} differ, ${rate} cases/s\n`);
  },
});

const share = (count: number, of: number): string =>
  `${((100 * count) / Math.max(1, of)).toFixed(2)} %`;

const report = (): string => {
  const { cases, seconds, worlds, worldsRefused, inputs, inputsRefused } = findings;
  return [
    `seed               ${findings.seed}`,
    `cases              ${cases}`,
    `pairs judged       ${findings.pairs}`,
    `inputs resolved    ${inputs}, refused ${share(inputsRefused, inputs)}`,
    `pairs of policies  ${worlds}, drawn again for SDL that does not compile ${share(worldsRefused, worlds + worldsRefused)}`,
    `Cedar decisions    ${findings.questions}, ${Math.round(findings.questions / seconds)}/s`,
    `seconds            ${seconds.toFixed(1)}, ${Math.round(cases / seconds)} cases/s`,
    `differences        ${findings.differing}`,
    '',
    ...Object.entries(findings.reasons)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name.padEnd(30)} ${String(count).padStart(7)} ${share(count, cases).padStart(8)}`), // prettier-ignore
    ...findings.differences.slice(0, 5).map((one) => `\n${describeDifference(one)}`),
    '',
  ].join('\n');
};

process.stdout.write(values.json ? `${JSON.stringify(findings)}\n` : report());
if (findings.differing > 0) process.exitCode = 1;
