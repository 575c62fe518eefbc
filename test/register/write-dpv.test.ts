import { describe, expect, it } from 'vitest';
import { registerOf } from '../../src/register/processing-of.ts';
import { writeDpv } from '../../src/register/write-dpv.ts';
import { governance, shop, shopSources } from '../policy/sdl.ts';
import { controller, domain, small } from './sdl.ts';

/** Terms that we use, each looked up in the tables of DPV 2.3 and of the other vocabularies. */
const verified: Readonly<Record<string, string>> = {
  dpv: `CollectedPersonalData Consent ContractPerformance DataController DataProtectionOfficer
    DataSubject DataSubjectDataSource DirectMarketing LegalBasis LegalObligation LegitimateInterest
    Location OptingOutFromProcess PersonalData PrivacyNotice Process ProvidedPersonalData Purpose ROPA
    Recipient SellDataToThirdParties StorageDuration StorageLocation TemporalDuration
    ThirdPartyDataSource hasAddress hasContact hasDataController hasDataProtectionOfficer
    hasDataSource hasDataSubject hasDuration hasEntityInvolvement hasJurisdiction hasLegalBasis
    hasLocation hasName hasNotice hasPersonalData hasPurpose hasRecipient hasStorageCondition`,
  'eu-gdpr': 'A6-1-a A6-1-b A6-1-c A6-1-f',
  dcterms: 'available description identifier isReplacedBy',
  rdf: 'value',
  skos: 'broader historyNote notation note prefLabel scopeNote',
  xsd: 'date duration',
};

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** Every key and type in the document. */
const termsIn = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap(termsIn);
  if (!isNode(value)) return [];
  return Object.entries(value).flatMap(([key, below]) => [
    ...(key.startsWith('@') ? [] : [key]),
    ...(key === '@type' ? listOf(below).map(String) : []),
    ...(key === '@value' ? [] : termsIn(below)),
  ]);
};

const nodesIn = (value: unknown): readonly Node[] => {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  return isNode(value) ? [value, ...Object.values(value).flatMap(nodesIn)] : [];
};

interface Document {
  readonly '@context': Readonly<Record<string, string>>;
  readonly '@graph': readonly Node[];
}
const read = (...args: Parameters<typeof writeDpv>): Document =>
  JSON.parse(writeDpv(...args)) as Document;
const node = (document: Document, id: string): Node => {
  const found = document['@graph'].find((one) => one['@id'] === id);
  if (!found) throw new Error(id);
  return found;
};

/** Terms that SDL gives are the data owner's to look up. */
const givenBy = (sources: readonly { readonly body: string }[]): ReadonlySet<string> =>
  new Set(
    sources.flatMap(({ body }) => [...body.matchAll(/dpv: "([^"]+)"/g)].map(([, t = '']) => t)),
  );

describe.each([
  ['a small domain', small, new Set(['dpv-pd:EmailAddress', 'dpv:Personalisation'])],
  ['the sample shop', shop, givenBy([...governance, ...shopSources])],
] as const)('%s as JSON-LD', (_name, policyOf, given) => {
  const document = read(registerOf(policyOf()), controller);

  it('uses terms that are there, under prefixes that it declares itself', () => {
    expect(Object.values(document['@context']).every((one) => /^https?:/.test(one))).toBe(true);
    for (const term of termsIn(document['@graph'])) {
      const [prefix = '', name = ''] = term.split(':');
      expect(document['@context'], term).toHaveProperty(prefix);
      if (!given.has(term)) expect(verified[prefix]?.split(/\s+/), term).toContain(name);
    }
  });

  it('names each node once', () => {
    const defined = nodesIn(document['@graph']).filter(
      (one) => one['@id'] !== undefined && Object.keys(one).length > 3,
    );
    const ids = defined.map((one) => one['@id']);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has a purpose, a basis and a controller for each process', () => {
    const processes = document['@graph'].filter((one) => one['@type'] === 'dpv:Process');
    expect(processes.length).toBe(registerOf(policyOf()).processing.length);
    for (const one of processes) {
      expect(one['dpv:hasDataController']).toEqual({ '@id': '#controller' });
      expect(listOf((one['dpv:hasPurpose'] as Node)['@type'])).toContain('dpv:Purpose');
      expect(listOf(one['dpv:hasLegalBasis']).length).toBeGreaterThan(0);
    }
  });
});

describe('a process in DPV terms', () => {
  const document = read(registerOf(small()), controller);

  it('says what the SDL says', () => {
    expect(node(document, '#process-SUGGEST')).toEqual({
      '@id': '#process-SUGGEST',
      '@type': 'dpv:Process',
      'dpv:hasDataController': { '@id': '#controller' },
      'dpv:hasPurpose': {
        '@id': '#purpose-SUGGEST',
        '@type': ['dpv:Purpose', 'dpv:Personalisation'],
        'skos:prefLabel': 'SUGGEST',
        'dcterms:description': 'Suggest things',
        'skos:broader': [
          { '@id': '#purpose-PERSONAL', '@type': 'dpv:Purpose', 'skos:prefLabel': 'PERSONAL' },
        ],
      },
      'dpv:hasDataSubject': [{ '@type': 'dpv:DataSubject', 'skos:prefLabel': 'Customer' }],
      'dpv:hasPersonalData': [
        {
          '@id': '#data-SUGGEST-ORDERS-FIRST_PARTY',
          '@type': ['dpv:PersonalData', 'dpv:CollectedPersonalData'],
          'skos:prefLabel': 'ORDERS',
          'dcterms:identifier': ['Customer.orders', 'Order.total'],
          'dpv:hasDataSource': { '@type': 'dpv:DataSubjectDataSource' },
        },
        {
          '@id': '#data-SUGGEST-INCOME-THIRD_PARTY',
          '@type': ['dpv:PersonalData'],
          'skos:prefLabel': 'INCOME',
          'dcterms:identifier': ['Customer.income'],
          'dpv:hasDataSource': { '@type': 'dpv:ThirdPartyDataSource' },
          'dpv:hasLegalBasis': { '@type': ['dpv:Consent', 'eu-gdpr:A6-1-a'] },
        },
        { '@id': '#data-SUGGEST-TASTE', '@type': ['dpv:PersonalData'], 'skos:prefLabel': 'TASTE' },
      ],
      'dpv:hasLegalBasis': [{ '@type': ['dpv:Consent', 'eu-gdpr:A6-1-a'] }],
      'dpv:hasRecipient': [
        { '@type': 'dpv:Recipient', 'dpv:hasName': 'Broker' },
        { '@type': 'dpv:Recipient', 'dpv:hasName': 'Mail House Ltd' },
      ],
      'dpv:hasStorageCondition': [
        {
          '@type': 'dpv:StorageDuration',
          'dpv:hasDuration': {
            '@type': 'dpv:TemporalDuration',
            'rdf:value': { '@type': 'xsd:duration', '@value': 'P1Y6M' },
          },
        },
        {
          '@type': 'dpv:StorageLocation',
          'dpv:hasLocation': { '@type': 'dpv:Location', 'skos:notation': 'IE' },
        },
        {
          '@type': 'dpv:StorageLocation',
          'dpv:hasLocation': { '@type': 'dpv:Location', 'skos:prefLabel': 'the cellar' },
        },
      ],
      'dcterms:description': 'Things that suit you',
      'dcterms:available': { '@type': 'xsd:date', '@value': '2026-01-31' },
    });
  });

  it('tells opt-out by place, sale and marketing', () => {
    const ads = node(document, '#process-ADS');
    expect(ads['dpv:hasLegalBasis']).toEqual([
      { '@type': ['dpv:Consent', 'eu-gdpr:A6-1-a'] },
      {
        '@type': ['dpv:LegalBasis'],
        'skos:prefLabel': 'opt-out',
        'dpv:hasEntityInvolvement': { '@type': 'dpv:OptingOutFromProcess' },
        'dpv:hasJurisdiction': [
          { '@type': 'dpv:Location', 'skos:notation': 'US-CA' },
          { '@type': 'dpv:Location', 'skos:notation': 'US-CO' },
        ],
      },
    ]);
    expect((ads['dpv:hasPurpose'] as Node)['@type']).toEqual([
      'dpv:Purpose',
      'dpv:DirectMarketing',
      'dpv:SellDataToThirdParties',
    ]);
  });

  it('writes weeks as days, which XML Schema has', () => {
    expect(JSON.stringify(node(document, '#process-CARE'))).toContain('"@value":"P56D"');
  });

  it('takes a term with an unknown prefix for a note', () => {
    const [, phone] = node(document, '#process-SEND')['dpv:hasPersonalData'] as readonly Node[];
    expect(phone).toMatchObject({
      '@type': ['dpv:PersonalData', 'dpv:CollectedPersonalData'],
      'skos:note': 'term in the schema: tel',
    });
  });

  it('lists what is held and used for nothing', () => {
    expect(node(document, '#held-SHOE_SIZE')).toMatchObject({ 'skos:prefLabel': 'SHOE_SIZE' });
  });
});

it('uses terms of the GDPR only where it is law', () => {
  for (const jurisdiction of ['US-CA', 'GB', 'JP'])
    expect(writeDpv(registerOf(small()), { ...controller, jurisdiction })).not.toContain('A6-1');
  const nobodys = writeDpv(registerOf(small()));
  expect(nobodys).not.toContain('A6-1');
  expect(nobodys).not.toContain('hasDataController');
});

it('can stand in a page without ending its script', () => {
  const text = writeDpv(
    registerOf(
      domain(`
enum Category { "</script><script>alert(1)" EMAIL @category }
enum Purpose { NEWS @purpose(covers: [EMAIL], dpv: "dpv:</script>") }
type Product @table(source: "shop", name: "product") { id: ID! }`),
    ),
  );
  expect(text).not.toContain('<');
  expect(JSON.parse(text)).toHaveProperty('@graph');
});
