import type { ReceiptFacts } from './receipt-facts.ts';
import { writeIsoReceipt, type IsoReceipt } from './write-iso-receipt.ts';
import { writeKantaraReceipt, type KantaraReceipt } from './write-kantara-receipt.ts';

/** ISO/IEC TS 27560 as JSON-LD, or Kantara Consent Receipt 1.1. */
export const receiptFormats = ['iso', 'kantara'] as const;
export type ReceiptFormat = (typeof receiptFormats)[number];

const writers: {
  readonly [F in ReceiptFormat]: (facts: ReceiptFacts) => IsoReceipt | KantaraReceipt;
} = { iso: writeIsoReceipt, kantara: writeKantaraReceipt };

/** The receipt in the format asked for: plain data, ready for `JSON.stringify`. */
export const writeReceipt = (
  facts: ReceiptFacts,
  format: ReceiptFormat,
): IsoReceipt | KantaraReceipt => writers[format](facts);
