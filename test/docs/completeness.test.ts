import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kind, parse } from 'graphql';
import { expect, it } from 'vitest';
import { configFileSchema } from '../../src/config/config-file-schema.ts';
import { restTableKeys, sourceKinds } from '../../src/config/source-schema.ts';
import { readPage, root } from './read-blocks.ts';

const source = (path: string): string => readFileSync(join(root, path), 'utf8');

const captured = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, name = '']) => name);

const missingIn = (text: string, names: readonly string[]): readonly string[] =>
  [...new Set(names)].filter((name) => !new RegExp(`\\b${name}\\b`).test(text));

it('names every code that a caller or an operator can meet', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('console'))
    .map((path) => `src/${path}`);
  const codes = [
    ...captured(source('src/core/errors.ts'), /'([A-Z]+_[A-Z_]+)'/g),
    ...files.flatMap((path) => captured(source(path), /\bcode: '([A-Z]+_[A-Z_]+)'/g)),
  ];
  expect(codes).toContain('AUDIT_UNAVAILABLE');
  const witness = captured(
    /type WitnessCode =([^;]+);/.exec(source('src/audit/submit-checkpoint.ts'))?.[1] ?? '',
    /'([A-Z_]+)'/g,
  );
  expect(witness).toContain('AUDIT_LOG_FORKED');
  expect(missingIn(readPage('docs/witness.md'), witness)).toEqual([]);
  const known = ['errors', 'operator', 'witness', 'workers', 'audit-operations']
    .map((name) => readPage(`docs/${name}.md`))
    .join('');
  expect(missingIn(known, codes)).toEqual([]);
});

it('names every reason that the log can hold', () => {
  const union = /type FullReason =([^;]+);/.exec(source('src/ledger/judge.ts'))?.[1] ?? '';
  const reasons = captured(union, /'([A-Z_]+)'/g);
  expect(reasons).toContain('EXPIRED');
  expect(missingIn(readPage('docs/auditor.md'), reasons)).toEqual([]);
});

it('names every field of an entry', () => {
  const { definitions } = parse(source('schema/governance/audit.graphql'));
  const fields = definitions.flatMap((node) =>
    node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value.startsWith('Audit')
      ? (node.fields ?? []).map(({ name }) => name.value)
      : [],
  );
  expect(missingIn(readPage('docs/auditor.md'), fields)).toEqual([]);
});

it('shows every directive in an example', () => {
  const { definitions } = parse(source('schema/governance/directives.graphql'));
  const directives = definitions.flatMap((node) =>
    node.kind === Kind.DIRECTIVE_DEFINITION && node.name.value !== 'for'
      ? [`@${node.name.value}`]
      : [],
  );
  const shown = `${readPage('docs/data-owner.md')}${readPage('docs/derived-and-rules.md')}`;
  const examples = captured(shown, /```graphql\n([^`]+)```/g).join('');
  expect(directives.filter((name) => !examples.includes(name))).toEqual([]);
});

it('shows every setting of the configuration file', () => {
  const { shape } = configFileSchema;
  const keys = [
    ...Object.keys(shape),
    ...Object.keys(shape.listen.unwrap().shape),
    ...Object.values(sourceKinds).flatMap((kind) => Object.keys(kind.shape)),
    ...restTableKeys,
    ...Object.keys(shape.identity.unwrap().shape),
    ...Object.keys(shape.limits.unwrap().shape),
  ];
  const shown = `${readPage('docs/operator.md')}${readPage('docs/json-apis.md')}`;
  expect(keys.filter((key) => !shown.includes(`${key}:`))).toEqual([]);
  const audit = [
    'witnesses',
    ...Object.keys(shape.audit.unwrap().shape.witnesses.unwrap().element.shape),
  ];
  const witness = readPage('docs/witness.md');
  expect(audit.filter((key) => !witness.includes(`${key}:`))).toEqual([]);
  const controller = Object.keys(shape.controller.unwrap().shape);
  expect(missingIn(readPage('docs/register.md'), controller)).toEqual([]);
});
