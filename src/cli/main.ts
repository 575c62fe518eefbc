import { Command } from 'commander';
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
import { runCommandLine } from './run-command-line.ts';
import { withLedger } from './with-ledger.ts';
import { witnessCommand } from './witness-command.ts';

const readReceipt: ReadReceiptFacts = (record) =>
  withLedger(({ config, knex, policy, sources }) =>
    openReceipts({ knex, policy, controller: config.controller, sources }).read(record),
  );

const program = (): Command =>
  new Command('sayso')
    .description('GraphQL data-governance gateway: data moves on the customer’s say-so')
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
    .addCommand(witnessCommand());

/** Runs the command line. Exit codes: 0 done, 1 failed, 2 wrong usage. */
export const main = (argv: readonly string[]): Promise<void> => runCommandLine(program(), argv);
