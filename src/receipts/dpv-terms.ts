import type { ConsentKind, Origin } from '../core/consent.ts';
import type { Basis } from '../directives/basis.ts';

/** Prefixes that a term may use in SDL and that every receipt declares. */
export const termPrefixes = {
  dpv: 'https://w3id.org/dpv#',
  pd: 'https://w3id.org/dpv/pd#',
  'dpv-pd': 'https://w3id.org/dpv/pd#',
  'eu-gdpr': 'https://w3id.org/dpv/legal/eu/gdpr#',
} as const;

const compact = new RegExp(`^(?:${Object.keys(termPrefixes).join('|')}):[A-Za-z][A-Za-z0-9_-]*$`);
const absolute = /^https:\/\/w3id\.org\/dpv[A-Za-z0-9_/-]*#[A-Za-z][A-Za-z0-9_-]*$/;

/** The term, where it is one of the vocabulary's; what SDL may else hold there names nothing to others. */
export const termOf = (text: string | null): string | undefined =>
  text !== null && (compact.test(text) || absolute.test(text)) ? text : undefined;

/**
 * Terms under which DPV 2.3 places special categories of personal data (GDPR Art. 9), the wider ones
 * that cannot but hold them, and the class itself. Data without a term here may still be special:
 * only what the data owner marked is reported.
 */
const specialTerms: ReadonlySet<string> = new Set([
  'Biometric',
  'BloodType',
  'DNACode',
  'Disability',
  'DrugTestResult',
  // Not marked there, but it tells what EthnicOrigin tells.
  'Ethnicity',
  'EthnicOrigin',
  'FacialExpression',
  'FacialPrint',
  'FamilyHealthHistory',
  'Fetish',
  'Fingerprint',
  'Genetic',
  'Health',
  'HealthHistory',
  'HealthRecord',
  'IndividualHealthHistory',
  'MedicalHealth',
  'MentalHealth',
  'PhilosophicalBelief',
  'PhysicalHealth',
  'PoliticalAffiliation',
  'PoliticalOpinion',
  'Prescription',
  'Proclivity',
  'Race',
  'Religion',
  'ReligiousBelief',
  'Retina',
  'Sexual',
  'SexualHistory',
  'SexualPreference',
  'TradeUnionMembership',
]);
const specialClass = 'SpecialCategoryPersonalData';

/** Whether a term names a special category of personal data. */
export const isSpecial = (term: string): boolean => {
  const [, space = '', name = ''] = /^(.*[:#])([^:#]+)$/.exec(term) ?? [];
  if (space === 'dpv:' || space === termPrefixes.dpv) return name === specialClass;
  return ['pd:', 'dpv-pd:', termPrefixes.pd].includes(space) && specialTerms.has(name);
};

/** OPT_OUT is no legal basis in the vocabulary: law asks for none before the person says no. */
export const basisTerm: Readonly<Record<Basis, string | undefined>> = {
  CONSENT: 'dpv:Consent',
  LEGITIMATE_INTEREST: 'dpv:LegitimateInterest',
  CONTRACT: 'dpv:Contract',
  LEGAL_OBLIGATION: 'dpv:LegalObligation',
  OPT_OUT: undefined,
};

/** What the person can do against a purpose on this basis. */
export const involvementTerm: Readonly<Record<Basis, string | undefined>> = {
  CONSENT: undefined,
  LEGITIMATE_INTEREST: 'dpv:ObjectingToProcess',
  CONTRACT: undefined,
  LEGAL_OBLIGATION: undefined,
  OPT_OUT: 'dpv:OptingOutFromProcess',
};

/** The vocabulary counts observed data as the person's own, and knows no second party. */
export const sourceTerm: Readonly<Record<Origin, string>> = {
  ZERO_PARTY: 'dpv:DataSubjectDataSource',
  FIRST_PARTY: 'dpv:DataSubjectDataSource',
  SECOND_PARTY: 'dpv:ThirdPartyDataSource',
  THIRD_PARTY: 'dpv:ThirdPartyDataSource',
};

/** The consent state that each kind of event leads to. An objection leads to none. */
export const stateTerm: Readonly<Record<Exclude<ConsentKind, 'objected'>, string>> = {
  given: 'dpv:ConsentGiven',
  renewed: 'dpv:RenewedConsentGiven',
  refused: 'dpv:ConsentRefused',
  withdrawn: 'dpv:ConsentWithdrawn',
  revoked: 'dpv:ConsentRevoked',
  requested: 'dpv:ConsentRequested',
  deferred: 'dpv:ConsentRequestDeferred',
  // Nothing more is known under the number.
  erased: 'dpv:ConsentUnknown',
};
