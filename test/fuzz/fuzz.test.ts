import { execute } from 'graphql';
import { describe, expect, it } from 'vitest';
import { faults } from './faults.ts';
import { describeDifference, fuzz, summary } from './run.ts';

describe('the planned executor and graphql-js', () => {
  it('agree on 20,000 random operations', async () => {
    const seed = Math.floor(Math.random() * 1e6);
    const findings = await fuzz({ operations: 20_000, seed });
    process.stdout.write(`${summary(findings)}\n`);
    expect(findings.differences.map((one) => describeDifference(seed, one))).toEqual([]);
    // A fuzzer whose operations all fail, or never, finds nothing.
    const { operations, awaited, failed } = findings;
    expect(awaited / operations).toBeGreaterThan(0.2);
    expect(failed / operations).toBeGreaterThan(0.2);
    expect(failed / operations).toBeLessThan(0.7);
  }, 600_000);
});

describe('the fuzzer', () => {
  it('draws the same from the same seed', async () => {
    const seen: string[][] = [[], []];
    for (const texts of seen)
      await fuzz({
        operations: 200,
        seed: 12,
        subject: () => (args) => {
          texts.push(args.document.loc?.source.body ?? '', JSON.stringify(args.variableValues));
          return execute(args);
        },
      });
    expect(seen[0]).toEqual(seen[1]);
  });

  for (const [name, subject] of faults)
    it(`finds: ${name}`, async () => {
      const findings = await fuzz({ operations: 4_000, seed: 7, subject, enough: 1 });
      expect(findings.differences).toHaveLength(1);
    }, 120_000);
});
