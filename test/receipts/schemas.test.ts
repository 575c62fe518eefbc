import { describe, expect, it } from 'vitest';
import { writeIsoReceipt } from '../../src/receipts/write-iso-receipt.ts';
import { writeKantaraReceipt } from '../../src/receipts/write-kantara-receipt.ts';
import { fullFacts, schemaOf } from './facts.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Path = readonly (string | number)[];

/** Every key of a receipt, wherever it stands; the JSON-LD context has a test of its own. */
const pathsOf = (value: Json, at: Path = []): readonly Path[] => {
  if (Array.isArray(value)) return value.flatMap((item, i) => pathsOf(item, [...at, i]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .filter(([key]) => key !== '@context')
    .flatMap(([key, item]) => [[...at, key], ...pathsOf(item, [...at, key])]);
};

const changed = (receipt: Json, path: Path, change: (holder: Record<string, Json>) => void) => {
  const copy = structuredClone(receipt);
  let holder = copy as Record<string, Json>;
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<string, Json>;
  change(holder);
  return copy;
};

const optional = {
  'iso-27560': new Set([
    ...['recorded_by', 'policy', 'evidence', 'description', 'gain', 'purpose_type'],
    ...['lawful_basis', 'involvement', 'pii_category', 'special_pii_category'],
    ...['pii_attribute_id', 'pii_optional', 'party_email', 'party_url', 'party_phone'],
    ...['data_protection_officer', 'remarks'],
  ]),
  'kantara-1.1': new Set(['onBehalf', 'piiControllerUrl']),
};
const written = {
  'iso-27560': JSON.parse(JSON.stringify(writeIsoReceipt(fullFacts))) as Json,
  'kantara-1.1': JSON.parse(JSON.stringify(writeKantaraReceipt(fullFacts))) as Json,
};

describe.each(['iso-27560', 'kantara-1.1'] as const)('schema %s', (name) => {
  const valid = schemaOf(name);
  const receipt = written[name];
  const cases = pathsOf(receipt).map((path) => ({ path, name: path.join('.') }));

  it('takes the receipt as it was written', () => {
    expect(valid(receipt), JSON.stringify(valid.errors)).toBe(true);
    expect(cases.length).toBeGreaterThan(30);
  });

  // The text of a notice is free, and mandatory where there is a notice.
  const isOptional = (path: Path) =>
    optional[name].has(String(path.at(-1))) && !path.includes('privacy_notice');

  it.each(cases.filter(({ path }) => !isOptional(path)))('misses $name', ({ path }) => {
    const without = changed(receipt, path, (holder) => {
      Reflect.deleteProperty(holder, String(path.at(-1)));
    });
    expect(valid(without)).toBe(false);
  });

  it.each(cases)('refuses another type in $name', ({ path }) => {
    for (const wrong of [null, { wrong: true }, [[]], 1.5]) {
      const other = changed(receipt, path, (holder) => {
        holder[String(path.at(-1))] = structuredClone(wrong);
      });
      expect(valid(other), JSON.stringify(wrong)).toBe(false);
    }
  });

  it.each(cases)('refuses a key it does not know beside $name', ({ path }) => {
    const more = changed(receipt, path, (holder) => {
      holder['surplus'] = 'x';
    });
    expect(valid(more)).toBe(false);
  });
});

it.each([
  ['iso-27560', ['receipt_id'], 'not-a-uuid'],
  ['iso-27560', ['receipt_id'], 'urn:uuid:0190a5b2-7c1e-7d3a-9f10-1b2c3d4e5f60'],
  ['iso-27560', ['created'], '24 November 2026'],
  ['iso-27560', ['record', 'pii_principal_id'], 'eva@example.org'],
  ['iso-27560', ['record', 'policy'], 'sha256:abc'],
  ['iso-27560', ['record', 'language'], 'in Dutch'],
  ['iso-27560', ['record', 'purposes'], []],
  ['iso-27560', ['record', 'events', 0, 'event_state'], 'dpv:LegitimateInterestObjected'],
  ['iso-27560', ['record', 'events', 0, 'event_state'], 'dpv:Yes'],
  ['iso-27560', ['record', '@type'], 'RightExerciseRecord'],
  ['iso-27560', ['record', 'purposes', 0, 'retention_period', 'duration'], 'two years'],
  ['iso-27560', ['record', 'purposes', 0, 'pii_information'], []],
  ['iso-27560', ['record', 'parties', 0, 'party_url'], 'example'],
  ['iso-27560', ['@context', 'dpv'], 'https://example.org/'],
  ['iso-27560', ['@context'], 'https://example.org/context.jsonld'],
  ['kantara-1.1', ['version'], 'KI-CR-v1.0.0'],
  ['kantara-1.1', ['consentTimestamp'], '2026-11-24T09:00:00Z'],
  ['kantara-1.1', ['piiPrincipalId'], 'eva@example.org'],
  ['kantara-1.1', ['policyUrl'], 'javascript:alert(1)'],
  ['kantara-1.1', ['services'], []],
  ['kantara-1.1', ['sensitive'], false],
  ['kantara-1.1', ['spiCat'], []],
  ['kantara-1.1', ['services', 0, 'purposes', 0, 'consentType'], 'IMPLICIT'],
  ['kantara-1.1', ['services', 0, 'purposes', 0, 'thirdPartyDisclosure'], false],
] as const)('%s refuses %j: %j', (name, path, value) => {
  const wrong = changed(written[name], path, (holder) => {
    holder[String(path.at(-1))] = structuredClone(value) as Json;
  });
  expect(schemaOf(name)(wrong)).toBe(false);
});
