import { readdirSync, readFileSync } from 'node:fs';
import { Source } from 'graphql';
import { SchemaError, type Problem } from '../../src/core/errors.ts';
import type { Surroundings } from '../../src/policy/check-model.ts';
import { compilePolicy, type Policy } from '../../src/policy/compile-policy.ts';

const folder = (name: string): readonly Source[] => {
  const at = new URL(`../../schema/${name}/`, import.meta.url);
  return readdirSync(at)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => new Source(readFileSync(new URL(file, at), 'utf8'), file));
};

export const governance = folder('governance');
export const shopSources = folder('shop');

/** What the small domains of these tests bring besides SDL. */
export const around: Surroundings = {
  sources: ['shop', 'crm'],
  rules: ['isStaff'],
  resolvers: ['Customer.derived'],
};

export const shop = (): Policy =>
  compilePolicy(
    { governance, domain: shopSources },
    { sources: ['shop', 'crm'], rules: ['isStaff'], resolvers: ['Customer.ageBand'] },
  );

/** Categories and purposes that the small domains share. */
export const enums = new Source(
  `
enum Category {
  IDENTITY @category
  NAME @category(under: "IDENTITY")
  EMAIL @category(under: "IDENTITY")
  PURCHASES @category
  TASTE @category
}
enum Purpose {
  ADS @purpose(covers: [EMAIL, PURCHASES])
  SERVICE @purpose(covers: [IDENTITY, PURCHASES], basis: CONTRACT)
}
`,
  'enums.graphql',
);

/** A person with nothing wrong, for cases about other types. */
export const customer = `
type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
  id: ID! @open(because: "a number")
  name: String @shield(category: NAME)
}`;

export const compile = (sdl: string, surroundings: Surroundings = around): Policy =>
  compilePolicy({ governance, domain: [enums, new Source(sdl, 'domain.graphql')] }, surroundings);

/** The problems of domain files, none when they compile. */
export const problemsOf = (
  domain: readonly Source[],
  surroundings: Surroundings = around,
): readonly Problem[] => {
  try {
    compilePolicy({ governance, domain }, surroundings);
    return [];
  } catch (error) {
    if (error instanceof SchemaError) return error.problems;
    throw error;
  }
};

/** Takes `▸` out of SDL and says at which `file:line:column` each stood. */
export const marked = (
  sdl: string,
  file = 'domain.graphql',
): { readonly source: Source; readonly places: readonly string[] } => {
  const places: string[] = [];
  const lines = sdl.split('\n').map((line, i) => {
    const parts = line.split('▸');
    let column = 1;
    for (const part of parts.slice(0, -1)) {
      column += part.length;
      places.push(`${file}:${String(i + 1)}:${String(column)}`);
    }
    return parts.join('');
  });
  return { source: new Source(lines.join('\n'), file), places };
};
