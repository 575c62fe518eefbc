import type { Origin } from '../core/consent.ts';
import type { Basis } from '../directives/basis.ts';

/** A node of JSON-LD. */
export type JsonLd = Readonly<Record<string, unknown>>;

/**
 * Prefixes of everything in the document, so that it is whole without fetching a context.
 * `dpv-pd` is what SDL writes for the extension that DPV itself shortens to `pd`.
 */
export const prefixes = {
  dpv: 'https://w3id.org/dpv#',
  'dpv-pd': 'https://w3id.org/dpv/pd#',
  'eu-gdpr': 'https://w3id.org/dpv/legal/eu/gdpr#',
  dcterms: 'http://purl.org/dc/terms/',
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  skos: 'http://www.w3.org/2004/02/skos/core#',
  xsd: 'http://www.w3.org/2001/XMLSchema#',
} as const;

/** Where the GDPR is law: the European Union and the European Economic Area. */
const eea: ReadonlySet<string> = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK'.split(
    ' ',
  ),
);

/** Whether the GDPR's own terms fit a controller of this place. */
export const isUnderGdpr = (jurisdiction: string | undefined): boolean =>
  jurisdiction !== undefined && eea.has(jurisdiction.slice(0, 2));

const legalBases: Readonly<Record<Exclude<Basis, 'OPT_OUT'>, readonly [string, string]>> = {
  CONSENT: ['dpv:Consent', 'eu-gdpr:A6-1-a'],
  LEGITIMATE_INTEREST: ['dpv:LegitimateInterest', 'eu-gdpr:A6-1-f'],
  CONTRACT: ['dpv:ContractPerformance', 'eu-gdpr:A6-1-b'],
  LEGAL_OBLIGATION: ['dpv:LegalObligation', 'eu-gdpr:A6-1-c'],
};

/** A place by its ISO 3166 code, or by its name. */
export const placeNode = (place: string): JsonLd => ({
  '@type': 'dpv:Location',
  [/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/.test(place) ? 'skos:notation' : 'skos:prefLabel']: place,
});

/** A legal basis. DPV has no term for opt-out, so that is a basis whose persons can opt out. */
export const legalBasis = (
  basis: Basis,
  gdpr: boolean,
  places: readonly string[] = [],
): JsonLd => ({
  ...(basis === 'OPT_OUT'
    ? {
        '@type': ['dpv:LegalBasis'],
        'skos:prefLabel': 'opt-out',
        'dpv:hasEntityInvolvement': { '@type': 'dpv:OptingOutFromProcess' },
      }
    : { '@type': legalBases[basis].slice(0, gdpr ? 2 : 1) }),
  ...(places.length > 0 && { 'dpv:hasJurisdiction': places.map(placeNode) }),
});

/** DPV tells the person from third parties, and what was provided from what was observed. */
export const sources: Readonly<Record<Origin, { readonly source: string; readonly data: string }>> =
  {
    ZERO_PARTY: { source: 'dpv:DataSubjectDataSource', data: 'dpv:ProvidedPersonalData' },
    FIRST_PARTY: { source: 'dpv:DataSubjectDataSource', data: 'dpv:CollectedPersonalData' },
    SECOND_PARTY: { source: 'dpv:ThirdPartyDataSource', data: 'dpv:CollectedPersonalData' },
    THIRD_PARTY: { source: 'dpv:ThirdPartyDataSource', data: 'dpv:PersonalData' },
  };

/**
 * What a term that SDL gives adds to a node: a type where its prefix is known here, else a note, so
 * that no name is taken for an address that it is not.
 */
export const termOf = (
  term: string | null,
): { readonly types: readonly string[]; readonly note: JsonLd } => {
  if (term === null) return { types: [], note: {} };
  const [, prefix = ''] = /^([a-z-]+):[A-Za-z][\w-]*$/.exec(term) ?? [];
  return Object.hasOwn(prefixes, prefix)
    ? { types: [term], note: {} }
    : { types: [], note: { 'skos:note': `term in the schema: ${term}` } };
};

/** XML Schema's durations have no weeks; those of ISO 8601 with weeks have nothing else. */
const xsdDuration = (iso: string): string =>
  iso.replace(/^P(\d+)W$/, (_all, weeks: string) => `P${BigInt(weeks) * 7n}D`);

/** How long data are stored. */
export const storageDuration = (iso: string): JsonLd => ({
  '@type': 'dpv:StorageDuration',
  'dpv:hasDuration': {
    '@type': 'dpv:TemporalDuration',
    'rdf:value': { '@type': 'xsd:duration', '@value': xsdDuration(iso) },
  },
});
