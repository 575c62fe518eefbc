import { Command } from 'commander';
import { auditCommand } from './audit-command.ts';
import { checkCommand } from './check-command.ts';
import { consentCommand } from './consent-command.ts';
import { noticeCommand } from './notice-command.ts';
import { eraseCommand } from './erase-command.ts';
import { receiptCommand, type ReadReceiptFacts } from './receipt-command.ts';
import { registerCommand } from './register-command.ts';
import { openReceipts } from '../open-receipts.ts';
import { decideCommand } from './decide-command.ts';
import { operationsCommand } from './operations-command.ts';
import { inherit, runCommandLine } from './run-command-line.ts';
import { schemaCommand } from './schema-command.ts';
import { startCommand } from './start-command.ts';
import { witnessCommand } from './witness-command.ts';
import { tokenCommand } from './token-command.ts';
import { withLedger } from './with-ledger.ts';

const readReceipt: ReadReceiptFacts = (record) =>
  withLedger(({ config, knex, subjects, policy, sources }) =>
    openReceipts({ knex, subjects, policy, controller: config.controller, sources }).read(record),
  );

const program = (): Command =>
  inherit(
    new Command('sayso')
      .description('GraphQL data-governance gateway: data moves on the customer’s say-so')
      .showHelpAfterError()
      .exitOverride()
      .addCommand(startCommand())
      .addCommand(witnessCommand())
      .addCommand(checkCommand())
      .addCommand(tokenCommand())
      .addCommand(consentCommand())
      .addCommand(noticeCommand())
      .addCommand(operationsCommand())
      .addCommand(receiptCommand(readReceipt))
      .addCommand(eraseCommand())
      .addCommand(decideCommand())
      .addCommand(schemaCommand())
      .addCommand(registerCommand())
      .addCommand(auditCommand()),
  );

/** Runs the command line. Exit codes: 0 done, 1 failed, 2 wrong usage. */
export const main = (argv: readonly string[]): Promise<void> => runCommandLine(program(), argv);
