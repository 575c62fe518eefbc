import { termPrefixes } from './dpv-terms.ts';

const iri = (id: string) => ({ '@id': id, '@type': '@id' });
const iris = (id: string) => ({ '@id': id, '@type': '@id', '@container': '@set' });
const list = (id: string) => ({ '@id': id, '@container': '@set' });
const time = (id: string) => ({ '@id': id, '@type': 'xsd:dateTime' });

/**
 * What each field of ISO/IEC TS 27560 is in DPV 2.3 and Dublin Core. It stands in every receipt, so
 * that nobody must fetch anything to read one.
 */
export const isoContext = {
  '@version': 1.1,
  ...termPrefixes,
  dcat: 'http://www.w3.org/ns/dcat#',
  dct: 'http://purl.org/dc/terms/',
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  schema: 'https://schema.org/',
  skos: 'http://www.w3.org/2004/02/skos/core#',
  spdx: 'http://spdx.org/rdf/terms#',
  xsd: 'http://www.w3.org/2001/XMLSchema#',

  ConsentReceipt: 'dpv:ConsentReceipt',
  ConsentRecord: {
    '@id': 'dpv:ConsentRecord',
    '@context': { events: list('dpv:hasConsentStatus') },
  },
  // An objection exercises a right; its status is none of consent.
  RightExerciseRecord: {
    '@id': 'dpv:RightExerciseRecord',
    '@context': { events: list('dpv:hasStatus') },
  },
  ConsentNotice: 'dpv:ConsentNotice',
  Process: 'dpv:Process',
  Purpose: 'dpv:Purpose',
  PersonalData: 'dpv:PersonalData',
  StorageLocation: 'dpv:StorageLocation',
  StorageDuration: 'dpv:StorageDuration',
  Recipient: 'dpv:Recipient',
  WithdrawConsent: 'dpv:WithdrawConsent',
  DataController: 'dpv:DataController',
  UntilTimeDuration: 'dpv:UntilTimeDuration',
  UntilEventDuration: 'dpv:UntilEventDuration',
  EndlessDuration: 'dpv:EndlessDuration',

  schema_version: iri('dct:conformsTo'),
  receipt_id: 'dct:identifier',
  record_id: 'dct:identifier',
  record: 'dpv:hasRecordOfActivity',
  pii_principal_id: 'dpv:hasDataSubject',
  created: time('dct:created'),
  recorded_by: 'dct:creator',
  policy: 'dpv:hasPolicy',
  evidence: 'dct:source',

  privacy_notice: 'dpv:hasNotice',
  notice_id: 'dct:identifier',
  notice_version: 'dcat:version',
  content_hash: 'spdx:checksumValue',
  title: 'dct:title',
  description: 'dct:description',
  language: 'dct:language',
  jurisdiction: list('dpv:hasJurisdiction'),
  pii_controllers: iris('dpv:hasDataController'),
  collection_method: iris('dpv:hasDataSource'),
  origins: list('dct:provenance'),
  withdrawal_method: 'dpv:hasConsentControl',
  exercised_at: 'dpv:isExercisedAt',

  purposes: list('dpv:hasProcess'),
  purpose: 'dpv:hasPurpose',
  name: 'dct:title',
  gain: 'skos:note',
  purpose_type: iris('skos:broader'),
  lawful_basis: iris('dpv:hasLegalBasis'),
  involvement: iris('dpv:hasEntityInvolvement'),
  pii_information: list('dpv:hasPersonalData'),
  pii_type: 'dct:type',
  pii_category: iri('skos:broader'),
  pii_attribute_id: list('dct:identifier'),
  pii_optional: iri('dpv:hasNecessity'),
  special_pii_category: iri('skos:broader'),
  storage_locations: 'dpv:hasStorageCondition',
  locations: list('dpv:hasLocation'),
  retention_period: 'dpv:hasStorageCondition',
  duration: 'dpv:hasDuration',
  recipient_third_parties: list('dpv:hasRecipient'),

  parties: list('dpv:hasEntity'),
  party_id: 'dct:identifier',
  party_name: 'dpv:hasName',
  party_address: 'dpv:hasAddress',
  party_contact: 'dpv:hasContact',
  party_role: iri('dct:type'),
  party_type: iri('dct:type'),
  party_email: 'schema:email',
  party_url: 'schema:url',
  party_phone: 'schema:telephone',
  data_protection_officer: 'dpv:hasDataProtectionOfficer',

  event_state: '@type',
  event_time: time('dpv:isIndicatedAtTime'),
  validity_duration: 'dpv:hasDuration',
  value: 'rdf:value',
  entity_id: 'dpv:isIndicatedBy',
  event_type: iri('dpv:hasLegalBasis'),
  indication_method: list('dpv:hasIndicationMethod'),
  remarks: list('skos:note'),
} as const;
