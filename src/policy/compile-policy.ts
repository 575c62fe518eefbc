import { createHash } from 'node:crypto';
import {
  buildASTSchema,
  concatAST,
  isTypeDefinitionNode,
  isTypeExtensionNode,
  Kind,
  parse,
  print,
  Source,
  visit,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { origins } from '../core/consent.ts';
import { SchemaError, type Problem } from '../core/errors.ts';
import type { Basis } from '../directives/basis.ts';
import { checkDefinitions } from './check-definitions.ts';
import { checkModel, type Surroundings } from './check-model.ts';
import { generateSdl } from './generate-sdl.ts';
import { isDeclared, scopeOf, type DomainModel, type PurposeNode, type SayScope } from './model.ts';
import { parseSdl, whereIs, type ParsedSdl } from './parse-sdl.ts';
import { DirectiveReader } from './read-directives.ts';
import { readCategories, readPurposes } from './read-enums.ts';
import { readTypes } from './read-types.ts';
import { resolveSubjects } from './resolve-subjects.ts';

/**
 * One leaf purpose with one leaf category that it covers, in one scope: the smallest thing a person
 * can say yes or no to.
 */
export interface Pair {
  readonly index: number;
  readonly purpose: string;
  readonly category: string;
  readonly scope: SayScope;
  readonly basis: Basis;
  /** Other bases by place. Empty where the law does not differ. */
  readonly places: ReadonlyMap<string, Basis>;
  /** Refused by the Global Privacy Control signal. */
  readonly sale: boolean;
  /** A no counts whatever the basis. */
  readonly directMarketing: boolean;
}

/** The compiled SDL: complete, immutable, and named by the SHA-256 of its canonical text. */
export interface Policy {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly id: string;
  /** Canonical text: every definition printed by graphql-js, sorted by kind and name, comments gone. */
  readonly text: string;
  readonly model: DomainModel;
  readonly pairs: readonly Pair[];
  /** The pair of a leaf purpose and a leaf category in a scope, FIRST_PARTY unless told, if the purpose covers it. */
  pairOf(purpose: string, category: string, scope?: SayScope): Pair | undefined;
  /** All scopes in which the purpose covers the category. */
  scopesOf(purpose: string, category: string): readonly Pair[];
  /** The types to execute against, without resolvers. */
  readonly schema: GraphQLSchema;
}

const nameOf = (definition: DefinitionNode): string =>
  `${definition.kind} ${isTypeDefinitionNode(definition) || isTypeExtensionNode(definition) ? definition.name.value : ''}`;

/** Several extensions of one enum have one name: their text orders them then. */
const inCanonicalOrder = (document: DocumentNode): DocumentNode => ({
  ...document,
  definitions: document.definitions
    .map((definition) => ({ definition, name: nameOf(definition), text: print(definition) }))
    .sort((a, b) => (a.name === b.name ? (a.text < b.text ? -1 : 1) : a.name < b.name ? -1 : 1))
    .map(({ definition }) => definition),
});

const canonicalText = (document: DocumentNode): string =>
  inCanonicalOrder(document)
    .definitions.map((definition) => print(definition))
    .join('\n\n');

/** By leaf category the scopes of the fields that disclose it. */
const disclosedScopes = ({
  types,
  categoryTree,
}: DomainModel): ReadonlyMap<string, Set<SayScope>> => {
  const scopes = new Map<string, Set<SayScope>>(
    categoryTree.leaves.map((leaf) => [leaf, new Set()]),
  );
  for (const type of types.values()) {
    for (const { guard } of type.fields.values()) {
      if (guard.kind !== 'shield') continue;
      for (const category of guard.categories) {
        if (!categoryTree.has(category)) continue;
        for (const leaf of categoryTree.leavesOf(category)) scopes.get(leaf)?.add(scopeOf(guard));
      }
    }
  }
  return scopes;
};

/**
 * The scopes in which a purpose can use a category: those that some field has and whose origin it
 * accepts. A category that no field discloses yet can be agreed to as given or observed data.
 */
const scopesIn = (
  category: string,
  { origins: accepted = origins }: PurposeNode,
  disclosed: ReadonlyMap<string, ReadonlySet<SayScope>>,
): readonly SayScope[] => {
  const known = disclosed.get(category) ?? new Set();
  const scopes = known.size === 0 ? new Set(['FIRST_PARTY']) : known;
  return [...scopes].sort().filter((scope) => {
    if (scope === 'FIRST_PARTY')
      return accepted.includes('ZERO_PARTY') || accepted.includes('FIRST_PARTY');
    return isDeclared(scope)
      ? accepted.includes('ZERO_PARTY')
      : accepted.some((origin) => origin === scope);
  });
};

/**
 * What nobody volunteered needs a yes that names it, and what somebody declared is shared only as
 * they chose: there no default stands in for the person's word. A contract that needs, or a law
 * that demands, data of others still gets them.
 */
const basisIn = (
  scope: SayScope,
  basis: Basis,
  places: ReadonlyMap<string, Basis>,
): Pick<Pair, 'basis' | 'places'> => {
  if (scope === 'FIRST_PARTY') return { basis, places };
  if (isDeclared(scope)) return { basis: 'CONSENT', places: new Map() };
  const strict = (one: Basis): Basis =>
    one === 'CONTRACT' || one === 'LEGAL_OBLIGATION' ? one : 'CONSENT';
  return {
    basis: strict(basis),
    places: new Map([...places].map(([place, one]) => [place, strict(one)])),
  };
};

const pairsOf = (model: DomainModel): readonly Pair[] => {
  const disclosed = disclosedScopes(model);
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
      for (const scope of scopesIn(category, purpose, disclosed)) {
        pairs.push({
          index: pairs.length,
          purpose: name,
          category,
          scope,
          ...basisIn(scope, purpose.basis, places),
          sale: purpose.sale,
          directMarketing: purpose.directMarketing,
        });
      }
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

/** Everything that is known of SDL: the policy where it is sound, else what is wrong with it. */
export interface PolicyReading {
  readonly problems: readonly Problem[];
  /** As far as it could be read, so that sources can be asked for what they lack even then. */
  readonly model: DomainModel;
  readonly policy?: Policy;
}

/** In the order of the files, then of the lines; each problem once. */
const inOrder = (problems: readonly Problem[], sources: readonly Source[]): readonly Problem[] => {
  const files = new Map(sources.map(({ name }, i) => [name, i]));
  const placed = problems.map((problem) => {
    const [, file = '', line = '0', column = '0'] = /^(.*):(\d+):(\d+)$/.exec(problem.where) ?? [];
    return { problem, at: [files.get(file) ?? sources.length, Number(line), Number(column)] };
  });
  placed.sort(
    ({ at: [f = 0, l = 0, c = 0] }, { at: [g = 0, m = 0, d = 0] }) => f - g || l - m || c - d,
  );
  const once = new Map(placed.map(({ problem }) => [`${problem.where} ${problem.what}`, problem]));
  return [...once.values()];
};

const readModel = (
  document: DocumentNode,
  schema: GraphQLSchema,
  reader: DirectiveReader,
  isDomain: (node: DefinitionNode) => boolean,
  problems: Problem[],
): { readonly model: DomainModel; readonly unresolved: ReadonlySet<string> } => {
  // Which of several reasons is told hangs on the order of these names. It must follow from the text
  // that the policy is named by, not from the files that it came from.
  const enums = inCanonicalOrder(document);
  const categories = readCategories(enums, reader, problems);
  const purposes = readPurposes(enums, reader, problems);
  const raw = readTypes(document, schema, reader, isDomain, problems);
  const types = resolveSubjects(raw, problems);
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
  const unresolved = [...raw].flatMap(([name, { about }]) =>
    about && !types.get(name)?.subject ? [name] : [],
  );
  return { model, unresolved: new Set(unresolved) };
};

/** Fields of which graphql-js has said something already, by place: no more is said of them. */
const brokenPlaces = ({ document, problems, isBroken }: ParsedSdl): ReadonlySet<string> => {
  const places = new Set<string>();
  if (problems.length === 0) return places;
  visit(document, {
    FieldDefinition: (node) => {
      if (isBroken(node)) places.add(whereIs(node));
    },
    EnumValueDefinition: (node) => {
      if (isBroken(node)) places.add(whereIs(node));
    },
  });
  return places;
};

/**
 * Reads SDL and checks it, and compiles it where it is sound.
 * @throws SchemaError when it cannot be read at all, as with a syntax error.
 */
export const readPolicy = (sdl: SdlSources, around: Surroundings): PolicyReading => {
  const sources = [...sdl.governance, ...sdl.domain];
  const parsed = parseSdl(sources);
  const { document, schema, isBroken } = parsed;
  const domain = new Set(sdl.domain);
  const isDomain = (node: DefinitionNode): boolean =>
    node.loc !== undefined && domain.has(node.loc.source);
  const broken = brokenPlaces(parsed);
  const problems: Problem[] = [];
  const reader = new DirectiveReader(schema, problems, isBroken);
  const { model, unresolved } = readModel(document, schema, reader, isDomain, problems);
  checkModel(document, reader, around, {
    model,
    unresolved,
    sound: ({ where }) => !broken.has(where),
    report: (where, what, mend) => problems.push({ where, what, mend }),
  });
  const found = inOrder(
    [
      ...parsed.problems,
      ...checkDefinitions(document, isDomain),
      ...problems.filter(({ where }) => !broken.has(where)),
    ],
    sources,
  );
  if (found.length > 0) return { problems: found, model };
  return { problems: [], model, policy: compiled(model, document) };
};

const compiled = (model: DomainModel, document: DocumentNode): Policy => {
  const generated = generateSdl(model);
  const executable = executableSchema(withListArguments(document, model), generated);
  const pairs = pairsOf(model);
  const byName = new Map(
    pairs.map((pair) => [`${pair.purpose} ${pair.category} ${pair.scope}`, pair]),
  );
  const byPair = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const key = `${pair.purpose} ${pair.category}`;
    const scopes = byPair.get(key);
    if (scopes) scopes.push(pair);
    else byPair.set(key, [pair]);
  }
  const text = canonicalText(document);
  return Object.freeze({
    id: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    text,
    model,
    pairs,
    pairOf: (purpose: string, category: string, scope: SayScope = 'FIRST_PARTY') =>
      byName.get(`${purpose} ${category} ${scope}`),
    scopesOf: (purpose: string, category: string) => byPair.get(`${purpose} ${category}`) ?? [],
    schema: executable,
  });
};

/**
 * Compiles SDL to a policy.
 * @throws SchemaError naming every problem, each with `file:line:column`, what and mend.
 */
export const compilePolicy = (sdl: SdlSources, around: Surroundings): Policy => {
  const { policy, problems } = readPolicy(sdl, around);
  if (policy === undefined) throw new SchemaError(problems);
  return policy;
};

/** The checks keep what is generated apart from what is written; should they not, this says so. */
const executableSchema = (document: DocumentNode, generated: string): GraphQLSchema => {
  try {
    const added = generated === '' ? [] : [parse(new Source(generated, 'generated SDL'))];
    return buildASTSchema(concatAST([document, ...added]));
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
