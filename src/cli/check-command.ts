import { Command } from 'commander';
import { loadPolicy } from '../load-policy.ts';
import { readConfig } from './read-config.ts';

/** `sayso check`: compiles the SDL and says what is wrong with it; reads no data, writes nothing. */
export const checkCommand = (): Command =>
  new Command('check')
    .description('check the SDL, and list every problem with its mend')
    .action(async () => {
      const { policy } = await loadPolicy(readConfig());
      const { purposes, categories, types } = policy.model;
      const personal = [...types.values()].filter((type) => type.subject).length;
      console.log(
        `${policy.id}\n${purposes.size} purposes, ${categories.size} categories, ${types.size} types, ${personal} of them personal: no problems`,
      );
    });
