import type { Config } from './config/config.ts';
import { governanceSdl, readSdlFolder } from './config/read-sdl-folder.ts';
import { SchemaError } from './core/errors.ts';
import { loadModules, type Modules } from './gateway/load-modules.ts';
import { compilePolicy, type Policy } from './policy/compile-policy.ts';

/** A compiled policy with the modules it was compiled against. */
export interface LoadedPolicy extends Modules {
  readonly policy: Policy;
}

/**
 * Reads the SDL and the modules that a configuration names and compiles them.
 * @throws ConfigError, SchemaError: with every problem found
 */
export const loadPolicy = async (config: Config): Promise<LoadedPolicy> => {
  const modules = await loadModules(config.modules);
  const policy = compilePolicy(
    {
      governance: await readSdlFolder(governanceSdl),
      domain: await readSdlFolder(config.schemaDir),
    },
    {
      sources: [...config.sources.keys()],
      rules: [...modules.rules.keys()],
      resolvers: [...modules.resolvers.keys()],
    },
  );
  const surplus = [...modules.resolvers.keys()].filter((coordinate) => {
    const [type = '', field = ''] = coordinate.split('.');
    return policy.model.types.get(type)?.fields.get(field)?.kind !== 'derived';
  });
  if (surplus.length > 0 && config.modules.mayHaveSurplus !== true) {
    throw new SchemaError(
      surplus.map((coordinate) => ({
        where: config.modules.resolvers ?? 'resolvers',
        what: `there is a resolver for \`${coordinate}\`, which is no @derived field`,
        mend: 'mark the field @derived(from: […]), or take the resolver away',
      })),
    );
  }
  return { policy, ...modules };
};
