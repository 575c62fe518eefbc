/** A query to start with. */
export interface SampleQuery {
  readonly name: string;
  readonly query: string;
  /** What to look for in the answer. */
  readonly shows: string;
  /** The demo caller to try it as. */
  readonly caller: string;
}

/** Somebody a demo token can be made for. */
export interface DemoCaller {
  readonly name: string;
  readonly client: string;
  readonly scopes: readonly string[];
  /** The customer who acts for themself. */
  readonly subject?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
}

export const demoCallers: readonly DemoCaller[] = [
  {
    name: 'shop front (RECOMMENDATIONS)',
    client: 'shop-front',
    scopes: ['purpose:RECOMMENDATIONS', 'purpose:LOYALTY_OFFERS'],
  },
  { name: 'warehouse (FULFILMENT)', client: 'warehouse', scopes: ['purpose:FULFILMENT'] },
  { name: 'ad partner (ADVERTISING)', client: 'ad-partner', scopes: ['purpose:ADVERTISING'] },
  {
    name: 'help desk, staff (SUPPORT)',
    client: 'help-desk',
    scopes: ['purpose:SUPPORT'],
    claims: { roles: ['staff'] },
  },
  {
    name: 'help desk, outside agency (SUPPORT)',
    client: 'help-agency',
    scopes: ['purpose:SUPPORT'],
  },
  {
    name: 'customer 42, acting for themself',
    client: 'shop-front',
    scopes: ['purpose:RECOMMENDATIONS'],
    subject: '42',
  },
  { name: 'auditor (audit:read)', client: 'audit-desk', scopes: ['audit:read'] },
];

export const sampleQueries: readonly SampleQuery[] = [
  {
    name: 'Home page',
    caller: 'shop front (RECOMMENDATIONS)',
    shows:
      'Who said yes is there, who did not is null. `name` and `email` are null for everybody: this purpose does not cover them.',
    query: `query HomePage @for(purpose: RECOMMENDATIONS) {
  customers(first: 6) {
    nodes {
      id
      name
      email
      country
      favouriteDepartment { name }
      orders { placedAt total lines { quantity product { name } } }
    }
  }
}
`,
  },
  {
    name: 'Parcel label',
    caller: 'warehouse (FULFILMENT)',
    shows:
      'A contract needs no yes: the address is there. What somebody likes is none of the warehouse’s business.',
    query: `query ParcelLabel @for(purpose: FULFILMENT) {
  customer(id: 42) {
    name
    street
    postcode
    city
    country
    phone
    birthDate
    favouriteDepartment { name }
    orders { id status }
  }
}
`,
  },
  {
    name: 'Advertisements',
    caller: 'ad partner (ADVERTISING)',
    shows:
      'Opt-in, so mostly null; in California, Colorado, Connecticut, Texas and Virginia opt-out. The bought data come from another database.',
    query: `query Advertisements @for(purpose: ADVERTISING) {
  customers(first: 20) {
    nodes {
      id
      email
      country
      boughtProfile { incomeBand inferredInterest }
    }
  }
}
`,
  },
  {
    name: 'Help desk',
    caller: 'help desk, staff (SUPPORT)',
    shows:
      'The note is for staff: the outside agency, with the same purpose, gets everything else and no note.',
    query: `query HelpDesk @for(purpose: SUPPORT) {
  customer(id: 7) {
    name
    email
    loyalty { tier points }
    orders { id status total paidBy staffNote }
  }
}
`,
  },
];
