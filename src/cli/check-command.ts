import { Command } from 'commander';
import { SchemaError } from '../core/errors.ts';
import { loadPolicy } from '../load-policy.ts';
import { problemsOfSources } from '../open-sources.ts';
import { readConfig } from './read-config.ts';

/**
 * `sayso check`: compiles the SDL and says what is wrong with it, also against those sources that
 * have an address of their own. Reads no rows, writes nothing.
 */
export const checkCommand = (): Command =>
  new Command('check')
    .description('check the SDL, and list every problem with its mend')
    .action(async () => {
      const config = readConfig();
      const { policy } = await loadPolicy(config);
      const lacking = await problemsOfSources(config, policy.model.types);
      if (lacking.length > 0) throw new SchemaError(lacking);
      const { purposes, categories, types } = policy.model;
      const personal = [...types.values()].filter((type) => type.subject).length;
      console.log(
        `${policy.id}\n${purposes.size} purposes, ${categories.size} categories, ${types.size} types, ${personal} of them personal: no problems`,
      );
    });
