/** Many, so that nobody's history grows long and every round but the first hundred finds one. */
export const customerCount = 1_600;

export const purpose = 'NEWS';

/** What is governed, as the source holds it. */
export const emailOf = (customer: number): string => `customer.${customer}@example.com`;

export const tables = `
  create table customer (id int primary key, email text);
  insert into customer
    select n, 'customer.' || n || '@example.com' from generate_series(1, ${customerCount}) as n;
  analyze customer;
`;

export const question = /* GraphQL */ `
  query Look($id: ID!) @for(purpose: NEWS) {
    customer(id: $id) {
      email
    }
  }
`;

/** The changes of say-so, by what they do. */
export const changes = {
  give: /* GraphQL */ `
    mutation Give($id: ID!) {
      giveConsent(purpose: NEWS, categories: [EMAIL], subject: { id: $id }) {
        head
      }
    }
  `,
  withdraw: /* GraphQL */ `
    mutation Withdraw($id: ID!) {
      withdrawConsent(purpose: NEWS, subject: { id: $id }) {
        head
      }
    }
  `,
} as const;
export type Change = keyof typeof changes;
