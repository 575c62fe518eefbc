import { CommanderError, type Command } from 'commander';
import { SaysoError } from '../core/errors.ts';

/** Subcommands made apart inherit nothing by themselves: not even how to end on wrong usage. */
export const inherit = (command: Command): Command => {
  for (const sub of command.commands) inherit(sub.copyInheritedSettings(command));
  return command;
};

/** What a person at a terminal is told: the message of an error of ours, and the stack of a defect. */
const explain = (error: unknown): string => {
  if (error instanceof SaysoError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

/** Runs a command line that ends by exceptions. Exit codes: 0 done, 1 failed, 2 wrong usage. */
export const runCommandLine = async (program: Command, argv: readonly string[]): Promise<void> => {
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    console.error(explain(error));
    process.exitCode = 1;
  }
};
