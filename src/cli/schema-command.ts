import { Command } from 'commander';
import { printSchema } from 'graphql';
import { loadPolicy } from '../load-policy.ts';
import { readConfig } from './read-config.ts';

/** `sayso schema`: prints the schema that clients see, root fields included. */
export const schemaCommand = (): Command =>
  new Command('schema')
    .description('print the schema that clients see, for code generators')
    .action(async () => {
      const { policy } = await loadPolicy(readConfig());
      process.stdout.write(`${printSchema(policy.schema)}\n`);
    });
