import { pathToFileURL } from 'node:url';
import type { Config } from '../config/config.ts';
import { ConfigError, type Problem } from '../core/errors.ts';
import { checkRules, ruleWords } from './guards.ts';
import type { DerivedResolver, DerivedResolvers } from './resolvers.ts';

/** The TypeScript that a deployment adds to its SDL. */
export interface Modules {
  readonly rules: ReadonlyMap<string, unknown>;
  readonly resolvers: DerivedResolvers;
}

const written = {
  rules: 'export const rules = ({ rule, and, or, chain }) => ({ … })',
  resolvers: 'export const resolvers = { … }',
} as const;

const load = async (file: string, name: keyof typeof written): Promise<object> => {
  const problem = (what: string): ConfigError =>
    new ConfigError([{ where: file, what, mend: `write \`${written[name]}\`` }]);
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new ConfigError([
      {
        where: file,
        what: `the module cannot be loaded: ${reason ?? ''}`,
        mend: 'install beside it what it imports, and name files with their extension; for JavaScript let its folder have a package.json with `"type": "module"`',
      },
    ]);
  }
  const exported = module[name];
  if (name === 'rules') {
    if (typeof exported !== 'function') throw problem('it exports no function `rules`');
    const made: unknown = (exported as (words: typeof ruleWords) => unknown)(ruleWords);
    if (typeof made === 'object' && made !== null) return made;
    throw problem('its function `rules` gives no object');
  }
  if (typeof exported !== 'object' || exported === null) throw problem(`it exports no \`${name}\``);
  return exported;
};

/**
 * Loads the named rules and the resolvers of derived fields that the configuration names.
 * @throws ConfigError when a module does not load or does not hold what it should
 */
export const loadModules = async ({ rules, resolvers }: Config['modules']): Promise<Modules> => {
  const problems: Problem[] = [];
  const named = new Map<string, unknown>(
    rules === undefined ? [] : Object.entries(await load(rules, 'rules')),
  );
  problems.push(...checkRules(named, rules ?? ''));
  const derived = new Map<string, DerivedResolver>();
  const types = resolvers === undefined ? {} : await load(resolvers, 'resolvers');
  for (const [type, fields] of Object.entries(types) as [string, unknown][]) {
    for (const [field, resolve] of Object.entries(fields as object) as [string, unknown][]) {
      if (typeof resolve === 'function')
        derived.set(`${type}.${field}`, resolve as DerivedResolver);
      else
        problems.push({
          where: resolvers ?? '',
          what: `\`resolvers.${type}.${field}\` is no function`,
          mend: 'write it as `(inputs) => …` of the released fields it is derived from',
        });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { rules: named, resolvers: derived };
};
