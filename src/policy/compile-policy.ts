import { createHash } from 'node:crypto';
import {
  buildASTSchema,
  concatAST,
  Kind,
  parse,
  print,
  Source,
  visit,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { SchemaError, type Problem } from '../core/errors.ts';
import type { Basis } from '../directives/basis.ts';
import { checkModel, type Surroundings } from './check-model.ts';
import { generateSdl } from './generate-sdl.ts';
import type { DomainModel } from './model.ts';
import { parseSdl, whereIs } from './parse-sdl.ts';
import { DirectiveReader } from './read-directives.ts';
import { readCategories, readPurposes } from './read-enums.ts';
import { readTypes } from './read-types.ts';
import { resolveSubjects } from './resolve-subjects.ts';

/** One leaf purpose with one leaf category that it covers: the smallest thing a person can say yes or no to. */
export interface Pair {
  readonly index: number;
  readonly purpose: string;
  readonly category: string;
  readonly basis: Basis;
  /** Other bases by place. Empty where the law does not differ. */
  readonly places: ReadonlyMap<string, Basis>;
}

/** The compiled SDL: complete, immutable, and named by the SHA-256 of its canonical text. */
export interface Policy {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly id: string;
  /** Canonical text: every definition printed by graphql-js, sorted by kind and name, comments gone. */
  readonly text: string;
  readonly model: DomainModel;
  readonly pairs: readonly Pair[];
  /** The pair of a leaf purpose and a leaf category, if the purpose covers it. */
  pairOf(purpose: string, category: string): Pair | undefined;
  /** The types to execute against, without resolvers. */
  readonly schema: GraphQLSchema;
}

const nameOf = (definition: DefinitionNode): string =>
  `${definition.kind} ${'name' in definition ? (definition.name?.value ?? '') : ''}`;

const canonicalText = (document: DocumentNode): string =>
  [...document.definitions]
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    .map((definition) => print(definition))
    .join('\n\n');

const pairsOf = (model: DomainModel): readonly Pair[] => {
  const pairs: Pair[] = [];
  for (const name of model.purposeTree.leaves) {
    const purpose = model.purposes.get(name);
    if (!purpose) continue;
    const covered = new Set(purpose.covers.flatMap((c) => model.categoryTree.leavesOf(c)));
    const places = new Map(
      purpose.places.flatMap(({ is, in: codes }) => codes.map((c) => [c, is])),
    );
    for (const category of model.categoryTree.leaves) {
      if (!covered.has(category)) continue;
      pairs.push({ index: pairs.length, purpose: name, category, basis: purpose.basis, places });
    }
  }
  return pairs;
};

/**
 * Adds `first` to every list of rows; the types' own SDL stays as the data owner wrote it. An
 * interface need not know: GraphQL lets implementors add optional arguments.
 */
const withListArguments = (document: DocumentNode, model: DomainModel): DocumentNode => {
  const argument = parse('type T { f(first: Int): Int }').definitions[0];
  const first =
    argument?.kind === Kind.OBJECT_TYPE_DEFINITION ? argument.fields?.[0]?.arguments : undefined;
  const isList = (type: string, field: string): boolean => {
    const found = model.types.get(type)?.fields.get(field);
    return found?.kind === 'join' && found.list;
  };
  return visit(document, {
    ObjectTypeDefinition: (node) => ({
      ...node,
      fields: node.fields?.map((field) =>
        isList(node.name.value, field.name.value) ? { ...field, arguments: first ?? [] } : field,
      ),
    }),
  });
};

/** Sources of SDL: what every deployment has, and the domain's own. */
export interface SdlSources {
  readonly governance: readonly Source[];
  readonly domain: readonly Source[];
}

/**
 * Compiles SDL to a policy.
 * @throws SchemaError naming every problem, each with `file:line:column`, what and mend.
 */
export const compilePolicy = (sdl: SdlSources, around: Surroundings): Policy => {
  const { document, schema } = parseSdl([...sdl.governance, ...sdl.domain]);
  const problems: Problem[] = [];
  const reader = new DirectiveReader(schema, problems);
  const domainFiles = new Set(sdl.domain.map((source) => source.name));
  const isDomain = (node: DefinitionNode): boolean =>
    node.loc !== undefined && domainFiles.has(node.loc.source.name);
  const categories = readCategories(document, reader, problems);
  const purposes = readPurposes(document, reader, problems);
  const types = resolveSubjects(readTypes(document, schema, reader, isDomain, problems), problems);
  const persons = [...types.values()].filter((type) => type.person);
  const signIn =
    persons.find((type) => type.person?.signIn) ?? persons.find((_, __, all) => all.length === 1);
  const model: DomainModel = {
    purposes: purposes.nodes,
    purposeTree: purposes.tree,
    categories: categories.nodes,
    categoryTree: categories.tree,
    types,
    ...(signIn && { signInType: signIn.name }),
  };
  problems.push(...checkModel(model, document, reader, around));
  for (const node of document.definitions) {
    if (node.kind === Kind.SCHEMA_DEFINITION) {
      problems.push({
        where: whereIs(node),
        what: 'the domain SDL defines `schema`, whose root types are generated',
        mend: 'take it away',
      });
    }
  }
  if (problems.length > 0) throw new SchemaError(problems);

  const generated = generateSdl(model);
  const complete = concatAST([
    withListArguments(document, model),
    ...(generated === '' ? [] : [parse(new Source(generated, 'generated SDL'))]),
  ]);
  const executable = parseSdlAgain(complete);
  const pairs = pairsOf(model);
  const byName = new Map(pairs.map((pair) => [`${pair.purpose} ${pair.category}`, pair]));
  const text = canonicalText(document);
  return Object.freeze({
    id: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    text,
    model,
    pairs,
    pairOf: (purpose: string, category: string) => byName.get(`${purpose} ${category}`),
    schema: executable,
  });
};

/** A generated name may clash with one of the domain's: graphql-js then says so, here with the mend. */
const parseSdlAgain = (document: DocumentNode): GraphQLSchema => {
  try {
    return buildASTSchema(document);
  } catch (error) {
    throw new SchemaError([
      {
        where: 'generated SDL',
        what: error instanceof Error ? error.message : String(error),
        mend: 'rename the type, or give another `plural` or `root: false` in its @table',
      },
    ]);
  }
};
