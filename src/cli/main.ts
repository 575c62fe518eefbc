import { Command, CommanderError } from 'commander';
import { SaysoError } from '../core/errors.ts';
import { auditCommand } from './audit-command.ts';
import { checkCommand } from './check-command.ts';
import { consentCommand } from './consent-command.ts';
import { noticeCommand } from './notice-command.ts';
import { eraseCommand } from './erase-command.ts';
import { receiptCommand, type ReadReceiptFacts } from './receipt-command.ts';
import { registerCommand } from './register-command.ts';
import { openReceipts } from '../open-receipts.ts';
import { decideCommand } from './decide-command.ts';
import { schemaCommand } from './schema-command.ts';
import { startCommand } from './start-command.ts';
import { tokenCommand } from './token-command.ts';
import { withLedger } from './with-ledger.ts';

/** Subcommands made apart inherit nothing by themselves: not even how to end on wrong usage. */
const inherit = (command: Command): Command => {
  for (const sub of command.commands) inherit(sub.copyInheritedSettings(command));
  return command;
};

const readReceipt: ReadReceiptFacts = (record) =>
  withLedger(({ config, knex, policy, sources }) =>
    openReceipts({ knex, policy, controller: config.controller, sources }).read(record),
  );

const program = (): Command =>
  inherit(
    new Command('sayso')
      .description('GraphQL data-governance gateway: data moves on the customer’s say-so')
      .showHelpAfterError()
      .exitOverride()
      .addCommand(startCommand())
      .addCommand(checkCommand())
      .addCommand(tokenCommand())
      .addCommand(consentCommand())
      .addCommand(noticeCommand())
      .addCommand(receiptCommand(readReceipt))
      .addCommand(eraseCommand())
      .addCommand(decideCommand())
      .addCommand(schemaCommand())
      .addCommand(registerCommand())
      .addCommand(auditCommand()),
  );

/** What a person at a terminal is told: the message of an error of ours, and the stack of a defect. */
const explain = (error: unknown): string => {
  if (error instanceof SaysoError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

/** Runs the command line. Exit codes: 0 done, 1 failed, 2 wrong usage. */
export const main = async (argv: readonly string[]): Promise<void> => {
  try {
    await program().parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    console.error(explain(error));
    process.exitCode = 1;
  }
};
