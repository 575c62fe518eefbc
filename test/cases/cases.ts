import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Source } from 'graphql';
import { casesOf, readCaseForm, type ReadCase } from '../../src/cli/decide/case-file.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import { governance } from '../policy/sdl.ts';

const here = import.meta.dirname;

export const schemaDir = join(here, 'schema');
export const casesFile = join(here, 'cases.json');

/** The SDL that the cases are worked under, by file name. */
export const schema: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(schemaDir).map((file) => [file, readFileSync(join(schemaDir, file), 'utf8')]),
);

export const policy = compilePolicy(
  { governance, domain: Object.entries(schema).map(([name, text]) => new Source(text, name)) },
  { sources: ['shop'], rules: [], resolvers: [] },
);

export const form = await readCaseForm(casesFile);
export const cases = casesOf(form, policy, 'cases.json');
/** What one of the three ways of asking made of a case. */
export interface Outcome {
  readonly release: boolean;
  readonly reason: string;
  /** What the client is told; null where it is released. */
  readonly client: string | null;
}

const expectedOf = ({ expect: { release, reason } }: ReadCase): Outcome => {
  if (release) return { release, reason, client: null };
  return { release, reason, client: reason === 'NOT_COVERED' ? reason : 'NOT_CONSENTED' };
};

/** The cases whose outcome is another than the one expected, or that have none. */
export const differing = (
  wanted: readonly ReadCase[],
  outcomes: ReadonlyMap<string, Outcome>,
): readonly string[] =>
  wanted.flatMap((one) => {
    const outcome = outcomes.get(one.name);
    const { release, reason, client } = expectedOf(one);
    const same =
      outcome?.release === release && outcome.reason === reason && outcome.client === client;
    return same ? [] : [`${one.name}: ${JSON.stringify(outcome)}`];
  });

/** The same cases, each expecting the opposite; and each expecting another reason. */
export const falsified = (wanted: readonly ReadCase[]): readonly (readonly ReadCase[])[] => [
  wanted.map((one) => ({ ...one, expect: { ...one.expect, release: !one.expect.release } })),
  wanted.map((one) => ({
    ...one,
    expect: {
      ...one.expect,
      reason: one.expect.reason === 'REFUSED' ? 'WITHDRAWN' : 'REFUSED',
    },
  })),
];
