import type { Config } from './config/config.ts';
import { governanceSdl, readSdlFolder } from './config/read-sdl-folder.ts';
import { SchemaError, type Problem } from './core/errors.ts';
import { loadModules, type Modules } from './gateway/load-modules.ts';
import { problemsOfSources } from './open-sources.ts';
import { readPolicy, type Policy } from './policy/compile-policy.ts';
import type { DomainModel } from './policy/model.ts';

/** A compiled policy with the modules it was compiled against. */
export interface LoadedPolicy extends Modules {
  readonly policy: Policy;
}

/** Resolvers that no field asks for: most likely its name is misspelt on one side. */
const surplusOf = (config: Config, modules: Modules, model: DomainModel): readonly Problem[] =>
  config.modules.mayHaveSurplus === true
    ? []
    : [...modules.resolvers.keys()].flatMap((coordinate) => {
        const [type = '', field = ''] = coordinate.split('.');
        if (model.types.get(type)?.fields.get(field)?.kind === 'derived') return [];
        return [
          {
            where: config.modules.resolvers ?? 'resolvers',
            what: `there is a resolver for \`${coordinate}\`, which is no @derived field`,
            mend: 'mark the field @derived(from: […]), or take the resolver away',
          },
        ];
      });

/**
 * Reads the SDL and the modules that a configuration names and compiles them.
 * @throws ConfigError, SchemaError: with every problem found, and with those that the sources have
 *   with the SDL, as far as they can be asked
 */
export const loadPolicy = async (config: Config): Promise<LoadedPolicy> => {
  const modules = await loadModules(config.modules);
  const governance = await readSdlFolder(governanceSdl);
  const domain = await readSdlFolder(config.schemaDir);
  const reading = readPolicy(
    { governance, domain },
    {
      sources: [...config.sources.keys()],
      rules: [...modules.rules.keys()],
      resolvers: [...modules.resolvers.keys()],
    },
  );
  const problems = [...reading.problems, ...surplusOf(config, modules, reading.model)];
  const { policy } = reading;
  if (policy && problems.length === 0) return { policy, ...modules };
  throw new SchemaError([...problems, ...(await problemsOfSources(config, reading.model.types))]);
};
