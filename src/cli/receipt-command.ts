import { Argument, Command, Option } from 'commander';
import type { ReceiptFacts } from '../receipts/receipt-facts.ts';
import { receiptFormats, writeReceipt, type ReceiptFormat } from '../receipts/write-receipt.ts';

/** Finds what a record's receipt is written from, and lets go of what it opened for that. */
export type ReadReceiptFacts = (record: string) => Promise<ReceiptFacts>;

/** `sayso receipt`: prints the receipt of one record. */
export const receiptCommand = (read: ReadReceiptFacts): Command =>
  new Command('receipt')
    .description('print the receipt of a statement in the ledger')
    .addArgument(new Argument('<record>', 'the record’s id, which every change of consent answers'))
    .addOption(
      new Option('--format <name>', 'ISO/IEC TS 27560 as JSON-LD, or Kantara 1.1')
        .choices(receiptFormats)
        .default('iso'),
    )
    .action(async (record: string, { format }: { readonly format: ReceiptFormat }) => {
      const receipt = writeReceipt(await read(record), format);
      process.stdout.write(`${JSON.stringify(receipt, null, 2)}\n`);
    });
