import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { notStated } from '../../src/receipts/receipt-facts.ts';
import { receiptFormats, writeReceipt } from '../../src/receipts/write-receipt.ts';
import { anyFacts, schemaOf } from './facts.ts';

const schemas = { iso: schemaOf('iso-27560'), kantara: schemaOf('kantara-1.1') };

it.each(receiptFormats)('every statement has a valid receipt: %s', (format) => {
  const valid = schemas[format];
  fc.assert(
    fc.property(anyFacts, (facts) => {
      // As a reader gets it: text.
      const receipt: unknown = JSON.parse(JSON.stringify(writeReceipt(facts, format)));
      expect(valid(receipt), JSON.stringify(valid.errors)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it.each(receiptFormats)('the same facts give the same bytes: %s', (format) => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const first = canonicalize(writeReceipt(facts, format));
      expect(canonicalize(writeReceipt(structuredClone(facts), format))).toBe(first);
    }),
    { numRuns: 100 },
  );
});

it.each(receiptFormats)('only a yes says that it is one: %s', (format) => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const text = JSON.stringify(writeReceipt({ ...facts, purposes: [] }, format));
      const saysYes = /"EXPLICIT"|"dpv:(?:Renewed)?ConsentGiven"/.test(text);
      expect(saysYes).toBe(facts.kind === 'given' || facts.kind === 'renewed');
    }),
    { numRuns: 200 },
  );
});

it.each(receiptFormats)('a field that is null or blank is never filled: %s', (format) => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const bare = {
        ...facts,
        notice: null,
        controller: { ...facts.controller, withdrawal: ' ', storageLocations: [] },
        purposes: facts.purposes.map((purpose) => ({ ...purpose, retention: null })),
      };
      const text = JSON.stringify(writeReceipt(bare, format));
      expect(text).toContain(notStated);
      expect(text).not.toMatch(/"duration":"P|retention: P|"dpv:ExpressedConsent"/);
    }),
    { numRuns: 100 },
  );
});
