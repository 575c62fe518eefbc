import { Command } from 'commander';
import { inherit, runCommandLine } from './run-command-line.ts';
import { witnessCommand } from './witness-command.ts';

/** The command line of a witness alone: it starts at once, and holds nothing of a gateway. */
export const main = (argv: readonly string[]): Promise<void> =>
  runCommandLine(
    inherit(new Command('sayso').showHelpAfterError().exitOverride().addCommand(witnessCommand())),
    argv,
  );
