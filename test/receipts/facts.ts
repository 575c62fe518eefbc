import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { consentKinds, origins } from '../../src/core/consent.ts';
import {
  receiptIdOf,
  type ReceiptCategory,
  type ReceiptController,
  type ReceiptFacts,
  type ReceiptPurpose,
} from '../../src/receipts/receipt-facts.ts';

/** One of the schemas of receipts, compiled as strictly as can be. */
export const schemaOf = (name: 'iso-27560' | 'kantara-1.1'): ValidateFunction => {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true });
  formats.default(ajv);
  const file = new URL(`../../schema/receipts/${name}.schema.json`, import.meta.url);
  return ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
};

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const term = fc.constantFrom(
  'dpv:DirectMarketing',
  'dpv-pd:EmailAddress',
  'pd:Religion',
  'https://w3id.org/dpv/pd#MedicalHealth',
  'not a term',
  'other:Thing',
  '',
);
const time = fc.date({
  min: new Date('1970-01-01T00:00:00Z'),
  max: new Date('2999-12-31T00:00:00Z'),
  noInvalidDate: true,
});
const name = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,12}$/);

const category: fc.Arbitrary<ReceiptCategory> = fc.record(
  {
    name,
    description: orNull(text),
    dpv: orNull(term),
    attributes: fc.uniqueArray(fc.constantFrom('Wish.size', 'Wish.colour')),
  },
  { requiredKeys: ['name', 'description', 'dpv'] },
);

const purpose: fc.Arbitrary<ReceiptPurpose> = fc.record({
  name,
  description: orNull(text),
  gain: orNull(text),
  dpv: orNull(term),
  basis: fc.uniqueArray(
    fc.constantFrom('CONSENT', 'LEGITIMATE_INTEREST', 'CONTRACT', 'LEGAL_OBLIGATION', 'OPT_OUT'),
  ),
  sale: fc.boolean(),
  directMarketing: fc.boolean(),
  recipients: fc.array(text, { maxLength: 3 }),
  retention: orNull(fc.constantFrom('P2Y', 'P1Y6M', 'P30D', 'P8W', 'PT12H')),
  categories: fc.array(category, { maxLength: 4 }),
});

const controller: fc.Arbitrary<ReceiptController> = fc.record(
  {
    name: text,
    address: text,
    contact: text,
    email: fc.constantFrom('privacy@example.org'),
    phone: fc.constantFrom('+32 2 000 00 00'),
    url: fc.constantFrom('https://example.org/'),
    policyUrl: fc.constantFrom('https://example.org/privacy'),
    dataProtectionOfficer: fc.constantFrom('The officer'),
    withdrawal: text,
    jurisdiction: fc.constantFrom('EU', 'BE', 'US-CA'),
    storageLocations: fc.array(fc.constantFrom('BE', 'IE'), { maxLength: 2 }),
  },
  { requiredKeys: ['name', 'address', 'contact', 'jurisdiction', 'storageLocations'] },
);

const notice = fc.record({
  id: fc.constantFrom('home', 'n1'),
  version: fc.integer({ min: 1, max: 99 }),
  language: fc.constantFrom('en', 'nl-BE', 'zh-Hant'),
  contentHash: fc.constant(`sha256:${'0a'.repeat(32)}`),
  title: text,
  text,
  withdraw: text,
});

/** Any statement that the ledger could hold. */
export const anyFacts: fc.Arbitrary<ReceiptFacts> = fc
  .record({
    record: fc.uuid(),
    kind: fc.constantFrom(...consentKinds),
    principal: fc.nat().map(String),
    at: time,
    recordedAt: time,
    validUntil: orNull(time),
    purposes: fc.array(purpose, { maxLength: 12 }),
    origins: fc.uniqueArray(fc.constantFrom(...origins), { minLength: 1 }),
    notice: orNull(notice),
    policy: orNull(fc.constant(`sha256:${'b1'.repeat(32)}`)),
    method: fc.constantFrom('web-form', 'command', 'import'),
    actor: orNull(fc.constantFrom('shop-front', 'subject:9')),
    signal: orNull(fc.constant('GPC' as const)),
    confirmed: fc.boolean(),
    evidence: orNull(fc.constant('https://example.org/proof/1')),
    jurisdiction: orNull(fc.constantFrom('BE', 'US-CA')),
    controller,
  })
  .map((facts) => ({ ...facts, receiptId: receiptIdOf(facts.record) }));

/** One statement with everything that can be told. */
export const fullFacts: ReceiptFacts = {
  record: '0190a5b2-7c1e-7d3a-9f10-1b2c3d4e5f60',
  receiptId: receiptIdOf('0190a5b2-7c1e-7d3a-9f10-1b2c3d4e5f60'),
  kind: 'given',
  principal: '4711',
  at: new Date('2026-11-24T09:00:00Z'),
  recordedAt: new Date('2026-11-24T09:00:00.250Z'),
  validUntil: new Date('2027-11-24T09:00:00Z'),
  purposes: [
    {
      name: 'SUGGEST',
      description: 'Suggest products that suit you',
      gain: 'Suggestions from what you bought',
      dpv: 'dpv:ProvidePersonalisedRecommendations',
      basis: ['CONSENT'],
      sale: false,
      directMarketing: false,
      recipients: ['Print & Post'],
      retention: 'P2Y',
      categories: [
        { name: 'MAIL', description: 'How to reach you', dpv: 'dpv-pd:EmailAddress' },
        { name: 'DIET', description: null, dpv: 'pd:Health', attributes: ['Wish.diet'] },
      ],
    },
    {
      name: 'ADVERTISE',
      description: null,
      gain: null,
      dpv: null,
      basis: ['LEGITIMATE_INTEREST', 'OPT_OUT'],
      sale: true,
      directMarketing: true,
      recipients: [],
      retention: null,
      categories: [],
    },
  ],
  origins: ['ZERO_PARTY', 'THIRD_PARTY'],
  notice: {
    id: 'home',
    version: 3,
    language: 'nl-BE',
    contentHash: `sha256:${'0a'.repeat(32)}`,
    title: 'Wat wij weten',
    text: 'Wij vragen het u.',
    withdraw: 'Zet het uit onder Mijn gegevens.',
  },
  policy: `sha256:${'b1'.repeat(32)}`,
  method: 'web-form',
  actor: 'shop-front',
  signal: 'GPC',
  confirmed: true,
  evidence: 'https://example.org/proof/1',
  jurisdiction: 'US-CA',
  controller: {
    name: 'The Shop',
    address: 'Main Street 1, Brussels',
    contact: 'Privacy desk',
    email: 'privacy@example.org',
    phone: '+32 2 000 00 00',
    url: 'https://example.org/',
    policyUrl: 'https://example.org/privacy',
    dataProtectionOfficer: 'The officer',
    withdrawal: 'Write to the privacy desk.',
    jurisdiction: 'BE',
    storageLocations: ['BE'],
  },
};
