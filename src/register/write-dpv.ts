import type { ControllerConfig } from '../config/config.ts';
import {
  isUnderGdpr,
  legalBasis,
  placeNode,
  prefixes,
  sources,
  storageDuration,
  termOf,
  type JsonLd,
} from './dpv-terms.ts';
import type { CategoryText, Processing, ProcessingCategory, Register } from './processing-of.ts';

type Controller = ControllerConfig | undefined;

const some = (key: string, list: readonly unknown[]): JsonLd =>
  list.length > 0 ? { [key]: list } : {};
const text = (key: string, value: string | null | undefined): JsonLd =>
  value === null || value === undefined ? {} : { [key]: value };

const controllerNode = (controller: ControllerConfig): JsonLd => ({
  '@id': '#controller',
  '@type': 'dpv:DataController',
  'dpv:hasName': controller.name,
  'dpv:hasAddress': controller.address,
  'dpv:hasContact': [
    controller.contact,
    ...[controller.email, controller.phone, controller.url].filter((one) => one !== undefined),
  ],
  'dpv:hasJurisdiction': placeNode(controller.jurisdiction),
  ...(controller.dataProtectionOfficer !== undefined && {
    'dpv:hasDataProtectionOfficer': {
      '@type': 'dpv:DataProtectionOfficer',
      'dpv:hasContact': controller.dataProtectionOfficer,
    },
  }),
  ...(controller.policyUrl !== undefined && {
    'dpv:hasNotice': { '@id': controller.policyUrl, '@type': 'dpv:PrivacyNotice' },
  }),
});

/** Wider purposes stand as names only: what they are is said by those below them. */
const purposeNode = (one: Processing): JsonLd => {
  const { types, note } = termOf(one.dpv);
  return {
    '@id': `#purpose-${one.purpose}`,
    '@type': [
      ...new Set([
        'dpv:Purpose',
        ...types,
        ...(one.directMarketing ? ['dpv:DirectMarketing'] : []),
        ...(one.sale ? ['dpv:SellDataToThirdParties'] : []),
      ]),
    ],
    'skos:prefLabel': one.purpose,
    ...text('dcterms:description', one.description),
    ...some(
      'skos:broader',
      one.under.map((name) => ({
        '@id': `#purpose-${name}`,
        '@type': 'dpv:Purpose',
        'skos:prefLabel': name,
      })),
    ),
    ...(one.replacedBy !== null && {
      'dcterms:isReplacedBy': { '@id': `#purpose-${one.replacedBy}` },
    }),
    ...note,
  };
};

const categoryNode = (one: CategoryText): JsonLd => {
  const { types, note } = termOf(one.dpv);
  return {
    '@type': ['dpv:PersonalData', ...types],
    'skos:prefLabel': one.category,
    ...text('dcterms:description', one.description),
    ...note,
  };
};

/** The data of one category that a purpose uses, apart by who gave them. */
const dataOf = (purpose: string, one: ProcessingCategory, gdpr: boolean): readonly JsonLd[] => {
  const base = categoryNode(one);
  const id = `#data-${purpose}-${one.category}`;
  if (one.fields.length === 0) return [{ '@id': id, ...base }];
  const given = [...new Set(one.fields.map(({ origin }) => origin))];
  return given.map((origin) => {
    const fields = one.fields.filter((field) => field.origin === origin);
    const named = fields.filter(({ namedYes }) => namedYes);
    return {
      ...base,
      '@id': `${id}-${origin}`,
      '@type': [...new Set([...(base['@type'] as readonly string[]), sources[origin].data])],
      'dcterms:identifier': fields.map(({ coordinate }) => coordinate),
      'dpv:hasDataSource': { '@type': sources[origin].source },
      // Data that need more than the purpose itself does.
      ...(named.length > 0 && { 'dpv:hasLegalBasis': legalBasis('CONSENT', gdpr) }),
    };
  });
};

const storage = (one: Processing, controller: Controller): readonly JsonLd[] => [
  ...(one.retention === null ? [] : [storageDuration(one.retention)]),
  ...(controller?.storageLocations ?? []).map((place) => ({
    '@type': 'dpv:StorageLocation',
    'dpv:hasLocation': placeNode(place),
  })),
];

const processNode = (one: Processing, controller: Controller): JsonLd => {
  const gdpr = isUnderGdpr(controller?.jurisdiction);
  return {
    '@id': `#process-${one.purpose}`,
    '@type': 'dpv:Process',
    ...(controller && { 'dpv:hasDataController': { '@id': '#controller' } }),
    'dpv:hasPurpose': purposeNode(one),
    ...some(
      'dpv:hasDataSubject',
      one.subjects.map((name) => ({ '@type': 'dpv:DataSubject', 'skos:prefLabel': name })),
    ),
    ...some(
      'dpv:hasPersonalData',
      one.categories.flatMap((category) => dataOf(one.purpose, category, gdpr)),
    ),
    'dpv:hasLegalBasis': [
      legalBasis(one.basis, gdpr),
      ...one.places.map(({ is, in: codes }) => legalBasis(is, gdpr, codes)),
    ],
    ...some(
      'dpv:hasRecipient',
      one.recipients.map((name) => ({ '@type': 'dpv:Recipient', 'dpv:hasName': name })),
    ),
    ...some('dpv:hasStorageCondition', storage(one, controller)),
    ...text('dcterms:description', one.gain),
    ...(one.since !== null && {
      'dcterms:available': { '@type': 'xsd:date', '@value': one.since },
    }),
    ...text('skos:historyNote', one.deprecated),
  };
};

/**
 * The register as JSON-LD in terms of the Data Privacy Vocabulary 2.3. Names of nodes are relative:
 * they are those of the address at which it is published.
 */
export const writeDpv = (register: Register, controller?: ControllerConfig): string => {
  const document = {
    '@context': prefixes,
    '@graph': [
      { '@id': '', '@type': 'dpv:ROPA', 'dcterms:identifier': register.policy },
      ...(controller ? [controllerNode(controller)] : []),
      ...register.processing.map((one) => processNode(one, controller)),
      ...register.unused.map((one) => ({
        '@id': `#held-${one.category}`,
        ...categoryNode(one),
        'skos:scopeNote': 'held, and used for nothing',
      })),
    ],
  };
  // It may be put into a page's <script>, which a `</script>` in a description must not end.
  return `${JSON.stringify(document, null, 2).replaceAll('<', '\\u003c')}\n`;
};
