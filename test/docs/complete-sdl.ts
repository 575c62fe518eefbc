import {
  isTypeDefinitionNode,
  Kind,
  parse,
  print,
  Source,
  visit,
  type DefinitionNode,
  type DocumentNode,
} from 'graphql';
import { parseConfig } from '../../src/config/parse-config.ts';
import { governanceSdl, readSdlFolder } from '../../src/config/read-sdl-folder.ts';
import { loadModules } from '../../src/gateway/load-modules.ts';
import { readPolicy } from '../../src/policy/compile-policy.ts';
import { SchemaError, type ConfigError, type NoticeError } from '../../src/core/errors.ts';
import { root } from './read-blocks.ts';

const nameOf = (node: DefinitionNode): string =>
  isTypeDefinitionNode(node) ? node.name.value : '';

const namedIn = (documents: readonly DocumentNode[]): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const document of documents)
    visit(document, { NamedType: ({ name }) => void names.add(name.value) });
  return names;
};

/** Categories that a block names without defining any. */
const categoriesIn = (document: DocumentNode): readonly string[] => {
  const names = new Set<string>();
  visit(document, { EnumValue: ({ value }) => void names.add(value) });
  return [...names].filter((name) => !/^(CONSENT|CONTRACT|OPT_OUT|LEG.*|.*_PARTY)$/.test(name));
};

/**
 * The definitions that a page leaves out: enums as the sample shop has them, unless the block has
 * enums of its own, and the sample shop's types that the block names.
 */
const complement = (block: DocumentNode, shop: readonly DefinitionNode[]): string => {
  const has = new Set(block.definitions.map(nameOf));
  const added: DefinitionNode[] = [];
  const enums: string[] = [];
  if (!has.has('Category') && !has.has('Purpose'))
    added.push(...shop.filter((node) => ['Category', 'Purpose'].includes(nameOf(node))));
  else if (!has.has('Purpose')) enums.push('enum Purpose { OTHER @purpose }');
  else if (!has.has('Category')) {
    const names = categoriesIn(block).map((name) => `${name} @category`);
    enums.push(`enum Category { ${names.join(' ')} }`);
  }
  for (;;) {
    const known = new Set([...has, ...added.map(nameOf)]);
    const asked = namedIn([block, { kind: Kind.DOCUMENT, definitions: added }]);
    const next = shop.find((node) => asked.has(nameOf(node)) && !known.has(nameOf(node)));
    if (next === undefined) break;
    added.push(next);
  }
  return [...enums, ...added.map((node) => print(node))].join('\n');
};

/** What a terminal shows of an error at start. */
export const asPrinted = (error: SchemaError | ConfigError | NoticeError): string =>
  `${error.code}: ${error.message}\n`;

/** What `sayso check` finds wrong with a block, after it was completed; empty when all is well. */
export const problemsOf = async (text: string, name: string): Promise<string> => {
  const config = parseConfig({}, root);
  const { rules, resolvers } = await loadModules(config.modules);
  const shop = (await readSdlFolder(config.schemaDir)).flatMap(
    (source) => parse(source).definitions,
  );
  const domain = [new Source(text, name)];
  try {
    const rest = complement(parse(text), shop);
    if (rest !== '') domain.push(new Source(rest, 'rest.graphql'));
  } catch {
    // A block that shows a syntax error needs nothing more.
  }
  const governance = await readSdlFolder(governanceSdl);
  const around = {
    sources: [...config.sources.keys()],
    rules: [...rules.keys()],
    resolvers: [...resolvers.keys()],
  };
  const { problems } = readPolicy({ governance, domain }, around);
  return problems.length === 0 ? '' : asPrinted(new SchemaError(problems));
};
