import { expect } from 'vitest';
import { openReceipts } from '../../src/open-receipts.ts';
import { writeReceipt } from '../../src/receipts/write-receipt.ts';
import { schemaOf } from '../receipts/facts.ts';
import type { TestGateway } from '../setup/gateway.ts';
import { controller } from './rights-shop.ts';
import { directoryOn } from '../setup/subjects.ts';

const schemas = { iso: schemaOf('iso-27560'), kantara: schemaOf('kantara-1.1') };

/** Every statement in the ledger has both receipts, and they are as their schemas say. */
export const expectReceipts = async (gateway: TestGateway): Promise<void> => {
  const { knex } = gateway.own;
  const { policy } = gateway.app;
  const receipts = openReceipts({
    knex,
    subjects: directoryOn(knex),
    policy,
    controller,
    sources: new Map(),
  });
  const { rows } = await knex.raw<{ rows: { record: string; kind: string }[] }>(
    'select distinct record, kind from consent_event',
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { record, kind } of rows) {
    const facts = await receipts.read(record);
    for (const form of ['iso', 'kantara'] as const) {
      const receipt: unknown = JSON.parse(JSON.stringify(writeReceipt(facts, form)));
      const valid = schemas[form];
      expect(valid(receipt), `${form} of ${kind}: ${JSON.stringify(valid.errors)}`).toBe(true);
    }
  }
};
