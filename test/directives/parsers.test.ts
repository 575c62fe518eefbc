import { buildSchema, getDirectiveValues, parse, Source, type DirectiveNode } from 'graphql';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/core/errors.ts';
import { parsers, type DirectiveModels, type DirectiveName } from '../../src/directives/parsers.ts';

const folder = new URL('../../schema/governance/', import.meta.url);
const governance = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
const schema = buildSchema(
  new Source(
    [
      ...governance,
      'enum Category { A @category B @category }',
      'enum Purpose { P @purpose }',
    ].join('\n'),
  ),
);

/** Reads one directive as it would stand in SDL. */
const read = <K extends DirectiveName>(
  name: K,
  sdl: string,
): { readonly model: DirectiveModels[K]; readonly problems: readonly Problem[] } => {
  const definition = parse(`scalar X ${sdl}`).definitions[0] as unknown as {
    readonly directives: readonly DirectiveNode[];
  };
  const args = getDirectiveValues(schema.getDirective(name)!, definition) ?? {};
  const problems: Problem[] = [];
  const model = parsers[name](args, {
    where: 'here',
    owner: 'X.y',
    report: (problem) => problems.push(problem),
  });
  return { model, problems };
};

const plainPurpose = {
  covers: [],
  basis: 'CONSENT',
  under: [],
  sale: false,
  directMarketing: false,
  recipients: [],
};

describe('a directive as the definition has it', () => {
  it('has a parser, and each parser a definition', () => {
    const defined = schema
      .getDirectives()
      .map(({ name }) => name)
      .filter(
        (name) => !['for', 'include', 'skip', 'deprecated', 'specifiedBy', 'oneOf'].includes(name),
      );
    expect(Object.keys(parsers).sort()).toEqual(defined.sort());
  });

  it.each<[DirectiveName, string, unknown]>([
    ['about', '@about(subject: "c")', { subject: 'c' }],
    ['about', '@about(subject: "c", type: "T")', { subject: 'c', type: 'T' }],
    ['about', '@about(through: "f")', { through: 'f' }],
    ['basis', '@basis(is: OPT_OUT, in: ["US-CA", "DE"])', { is: 'OPT_OUT', in: ['US-CA', 'DE'] }],
    ['basis', '@basis(is: CONTRACT, in: "FR")', { is: 'CONTRACT', in: ['FR'] }],
    ['category', '@category', { under: [] }],
    ['category', '@category(under: "A", dpv: "d")', { under: ['A'], dpv: 'd' }],
    ['category', '@category(under: ["A", "B"])', { under: ['A', 'B'] }],
    ['column', '@column(name: "c")', { name: 'c' }],
    ['derived', '@derived(from: "a")', { from: ['a'] }],
    ['join', '@join(on: "a")', { on: 'a' }],
    ['join', '@join(from: "a", on: "b")', { from: 'a', on: 'b' }],
    ['join', '@join(via: "t", on: "a", to: "b")', { via: 't', on: 'a', to: 'b' }],
    ['open', '@open(because: "x")', { because: 'x' }],
    ['purpose', '@purpose', plainPurpose],
    [
      'purpose',
      '@purpose(covers: [A, B], basis: CONTRACT, gain: "g", under: "P")',
      { ...plainPurpose, covers: ['A', 'B'], basis: 'CONTRACT', gain: 'g', under: ['P'] },
    ],
    [
      'purpose',
      '@purpose(sale: true, directMarketing: true, origins: [ZERO_PARTY, THIRD_PARTY], recipients: ["b", "a", "b"], retention: "P1Y6M", dpv: "dpv:Marketing")',
      {
        ...plainPurpose,
        sale: true,
        directMarketing: true,
        origins: ['ZERO_PARTY', 'THIRD_PARTY'],
        recipients: ['a', 'b'],
        retention: 'P1Y6M',
        dpv: 'dpv:Marketing',
      },
    ],
    [
      'purpose',
      '@purpose(since: "2026-02-28", deprecated: "old", replacedBy: "Q")',
      { ...plainPurpose, since: '2026-02-28', deprecated: 'old', replacedBy: 'Q' },
    ],
    [
      'category',
      '@category(since: "2024-02-29", deprecated: "old")',
      { under: [], since: '2024-02-29', deprecated: 'old' },
    ],
    ['declared', '@declared', {}],
    ['declared', '@declared(person: "P")', { person: 'P' }],
    [
      'table',
      '@table(source: "s", name: "n", erase: KEEP, because: "law")',
      { source: 's', name: 'n', root: true, erase: 'KEEP', because: 'law' },
    ],
    ['shield', '@shield(category: A)', { categories: ['A'], origin: 'FIRST_PARTY', rules: [] }],
    [
      'shield',
      '@shield(category: [A, B], origin: THIRD_PARTY, rules: "r")',
      { categories: ['A', 'B'], origin: 'THIRD_PARTY', rules: ['r'] },
    ],
    ['subject', '@subject(id: "i")', { id: 'i', signIn: false }],
    [
      'subject',
      '@subject(id: "i", place: "p", signIn: true)',
      { id: 'i', place: 'p', signIn: true },
    ],
    ['table', '@table(source: "s", name: "n")', { source: 's', name: 'n', root: true }],
    [
      'table',
      '@table(source: "s", name: "n", key: ["a", "b"], root: false, plural: "p")',
      { source: 's', name: 'n', key: ['a', 'b'], root: false, plural: 'p' },
    ],
  ])('%s: %s', (name, sdl, model) => {
    expect(read(name, sdl)).toEqual({ model, problems: [] });
  });
});

describe('null where the definition has a default', () => {
  it.each<[DirectiveName, string, unknown]>([
    [
      'purpose',
      '@purpose(basis: null, sale: null, covers: null, under: null, origins: null, recipients: null, directMarketing: null)',
      plainPurpose,
    ],
    [
      'shield',
      '@shield(category: A, origin: null, rules: null)',
      { categories: ['A'], origin: 'FIRST_PARTY', rules: [] },
    ],
    ['subject', '@subject(id: "i", place: null, signIn: null)', { id: 'i', signIn: false }],
    [
      'table',
      '@table(source: "s", name: "n", root: null)',
      { source: 's', name: 'n', root: false },
    ],
  ])('%s never means more than the default: %s', (name, sdl, model) => {
    expect(read(name, sdl)).toEqual({ model, problems: [] });
  });
});

describe('a directive that cannot be meant is reported where it stands', () => {
  it.each<[DirectiveName, string, ...string[]]>([
    ['about', '@about', 'needs exactly one of `subject` and `through`'],
    ['about', '@about(subject: "a", through: "b")', 'needs exactly one of'],
    ['about', '@about(through: "b", type: "T")', 'names a `type`, and `through`'],
    ['about', '@about(subject: "")', '`subject` on `X.y` is empty'],
    ['basis', '@basis(is: OPT_OUT, in: [])', 'names no place'],
    [
      'basis',
      '@basis(is: OPT_OUT, in: ["USA", "US-", "us-ca", ""])',
      '`USA`',
      '`US-`',
      '`us-ca`',
      '``',
    ],
    ['column', '@column(name: " ")', '`name` on `X.y` is empty'],
    ['derived', '@derived(from: [])', 'names no field to compute from'],
    ['join', '@join', 'names no column'],
    ['join', '@join(via: "t", on: "a")', 'names a table between by halves'],
    ['join', '@join(to: "b", on: "a")', 'names a table between by halves'],
    ['join', '@join(via: "t", to: "b", from: "a")', 'names a table between by halves'],
    ['join', '@join(on: "a", from: "")', '`from` on `X.y` is empty'],
    ['open', '@open(because: "")', '`because` on `X.y` is empty'],
    ['purpose', '@purpose(basis: OPT_OUT)', '`X.y` is OPT_OUT everywhere'],
    ['shield', '@shield(category: [])', 'names no category'],
    ['subject', '@subject(id: "")', '`id` on `X.y` is empty'],
    ['subject', '@subject(id: "i", place: "")', '`place` on `X.y` is empty'],
    ['table', '@table(source: "", name: "")', '`source` on', '`name` on'],
    ['table', '@table(source: "s", name: "n", key: [])', 'has no key columns'],
    ['table', '@table(source: "s", name: "n", key: null)', 'has no key columns'],
    ['table', '@table(source: "s", name: "n", key: ["a", ""])', '`key` on `X.y` is empty'],
  ])('%s: %s', (name, sdl, ...what) => {
    expect(read(name, sdl).problems).toEqual(
      what.map((one) => ({
        where: 'here',
        what: expect.stringContaining(one),
        mend: expect.stringMatching(/\S/),
      })),
    );
  });
});
