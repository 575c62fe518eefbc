import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { NoticeContent } from '../../src/core/notice.ts';
import { receiptCommand } from '../../src/cli/receipt-command.ts';
import { createReceiptReader, type ReceiptReader } from '../../src/receipts/receipt-reader.ts';
import { receiptIdOf } from '../../src/receipts/receipt-facts.ts';
import { receiptFormats, writeReceipt } from '../../src/receipts/write-receipt.ts';
import { policyOf } from '../ledger/small-policy.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { fullFacts, schemaOf } from './facts.ts';
import { testSeal } from '../setup/subjects.ts';

const { controller } = fullFacts;
const person = 'eva@example.org';
const hash = `sha256:${'0a'.repeat(32)}`;
const at = new Date('2026-11-24T09:00:00Z');

const notice: NoticeContent = {
  purposes: [
    {
      purpose: 'SUGGEST',
      categories: ['BOUGHT', 'MAIL'],
      origins: ['FIRST_PARTY'],
      recipients: ['Print & Post'],
      bases: ['CONSENT'],
      retention: 'P2Y',
    },
  ],
  languages: [
    { language: 'en', text: { title: 'What we know', text: 't', gain: 'g', withdraw: 'Say so.' } },
    { language: 'de', text: { title: 'Was', text: 'x', gain: 'g', withdraw: 'Sagen Sie es.' } },
  ],
};

let database: FreshDatabase;
let reader: ReceiptReader;
let position = 100;

beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  reader = createReceiptReader(database.knex, policyOf(), controller);
  await database.knex.raw(
    `insert into subject (number, type, lookup, sealed) values (4711, 'Customer', ?, ?)`,
    [testSeal.lookup('Customer', person), testSeal.seal('Customer', 4711, person)],
  );
  await database.knex.raw(
    `insert into notice (id, version, position, content_hash, meaning_hash, content, published_by)
     values ('home', 2, 1, ?, ?, ?, 'test')`,
    [hash, hash, JSON.stringify(notice)],
  );
});
afterAll(() => database.drop());

const say = async (kind: string, columns: Readonly<Record<string, unknown>> = {}) => {
  position += 1;
  const record = columns['record'] ?? randomUUID();
  await database.knex('consent_event').insert({
    position,
    subject: 4711,
    kind,
    purposes: [],
    categories: [],
    at,
    method: 'web-form',
    ...columns,
    record,
  });
  return record as string;
};

it('assembles the rows of one statement with its notice', async () => {
  const record = await say('given', {
    purposes: ['SUGGEST'],
    categories: ['MAIL'],
    notice: 'home',
    notice_version: 2,
    language: 'de',
    recipients: ['Print & Post'],
    bases: ['CONSENT'],
    policy: hash,
    valid_until: new Date('2027-01-01T00:00:00Z'),
    actor: 'shop-front',
  });
  await say('given', {
    record,
    purposes: ['SUGGEST', 'REWARD'],
    categories: ['BIRTH'],
    origins: ['THIRD_PARTY'],
  });
  const facts = await reader.read(record.toUpperCase());
  expect(facts).toMatchObject({
    record,
    receiptId: receiptIdOf(record),
    kind: 'given',
    principal: '4711',
    at,
    validUntil: new Date('2027-01-01T00:00:00Z'),
    origins: ['ZERO_PARTY', 'FIRST_PARTY', 'THIRD_PARTY'],
    notice: { id: 'home', version: 2, language: 'de', contentHash: hash, title: 'Was' },
    policy: hash,
    actor: 'shop-front',
    jurisdiction: null,
    purposes: [
      {
        name: 'SUGGEST',
        basis: ['CONSENT'],
        recipients: ['Print & Post'],
        retention: 'P2Y',
        categories: [{ name: 'MAIL' }, { name: 'BIRTH' }],
      },
      { name: 'REWARD', recipients: [], retention: null, categories: [{ name: 'BIRTH' }] },
    ],
  });
});

it('lists every leaf for a no to everything, and all that each covers', async () => {
  const facts = await reader.read(await say('withdrawn'));
  expect(facts.purposes.map(({ name }) => name)).toEqual([
    'SUGGEST',
    'REWARD',
    'DELIVER',
    'PREVENT',
    'SELL',
    'IDLE',
  ]);
  const [suggest, , , , sell] = facts.purposes;
  expect(suggest?.categories.map(({ name }) => name).sort()).toEqual(['BOUGHT', 'MAIL', 'PHONE']);
  expect(sell).toMatchObject({ sale: true, basis: ['CONSENT', 'OPT_OUT'] });
  expect(facts.origins).toHaveLength(4);
});

it('keeps a no to an inner purpose as it was said', async () => {
  const facts = await reader.read(await say('refused', { purposes: ['PERSONAL'] }));
  expect(facts.purposes).toHaveLength(1);
  expect(facts.purposes[0]?.categories.map(({ name }) => name).sort()).toEqual([
    'BIRTH',
    'BOUGHT',
    'MAIL',
    'PHONE',
  ]);
});

it('names what today’s policy no longer has, and makes up nothing about it', async () => {
  const facts = await reader.read(
    await say('given', { purposes: ['GONE'], categories: ['OLD'], declared: ['Wish.size'] }),
  );
  expect(facts.purposes).toEqual([
    {
      name: 'GONE',
      description: null,
      gain: null,
      dpv: null,
      basis: [],
      sale: false,
      directMarketing: false,
      recipients: [],
      retention: null,
      categories: [{ name: 'OLD', description: null, dpv: null, attributes: ['Wish.size'] }],
    },
  ]);
});

it('tells where the person lives when somebody knows it', async () => {
  const record = await say('objected', { purposes: ['PREVENT'] });
  const placed = createReceiptReader(database.knex, policyOf(), controller, (subject) =>
    Promise.resolve(subject === 4711 ? 'US-CA' : null),
  );
  expect((await placed.read(record)).jurisdiction).toBe('US-CA');
});

it.each(['given', 'withdrawn', 'objected', 'requested', 'erased'])(
  'a receipt of %s is valid and does not name the person',
  async (kind) => {
    const yes = { purposes: ['SUGGEST'], categories: ['MAIL'] };
    const facts = await reader.read(await say(kind, kind === 'given' ? yes : {}));
    for (const format of receiptFormats) {
      const text = JSON.stringify(writeReceipt(facts, format));
      expect(text).not.toContain(person);
      const valid = schemaOf(format === 'iso' ? 'iso-27560' : 'kantara-1.1');
      expect(valid(JSON.parse(text)), JSON.stringify(valid.errors)).toBe(true);
    }
  },
);

it.each([randomUUID(), 'no-uuid', '', "' or 1=1"])('has no receipt of %s', async (record) => {
  await expect(reader.read(record)).rejects.toMatchObject({
    code: 'RECORD_NOT_FOUND',
    status: 404,
  });
});

it('prints the receipt in the format asked for', async () => {
  const record = await say('given', { purposes: ['SUGGEST'], categories: ['MAIL'] });
  const print = async (...options: string[]) => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      await receiptCommand((id) => reader.read(id)).parseAsync([record, ...options], {
        from: 'user',
      });
      return JSON.parse(String(write.mock.calls[0]?.[0])) as Record<string, unknown>;
    } finally {
      write.mockRestore();
    }
  };
  expect(await print()).toMatchObject({ '@type': 'ConsentReceipt', record: { record_id: record } });
  expect(await print('--format', 'kantara')).toMatchObject({ version: 'KI-CR-v1.1.0' });
});
