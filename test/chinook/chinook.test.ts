import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SchemaError, type Problem } from '../../src/core/errors.ts';
import { withClient } from '../../src/database/connection.ts';
import type { FreshDatabase } from '../setup/database.ts';
import { startTestGateway, type Answer, type Asks, type TestGateway } from '../setup/gateway.ts';
import { data, loadChinook, readSchema } from './load-chinook.ts';

const title =
  data === undefined
    ? 'Chinook (skipped: SAYSO_TEST_DATA names no folder with its data)'
    : 'Chinook';

interface Person {
  readonly type: 'Customer' | 'Employee';
  readonly id: string;
}
const customer = (id: number): Person => ({ type: 'Customer', id: String(id) });
const employee = (id: number): Person => ({ type: 'Employee', id: String(id) });

interface CustomerPage {
  readonly edges: readonly { readonly cursor: string; readonly node: unknown }[];
  readonly pageInfo: { readonly endCursor: string };
}
type Rows = readonly Record<string, unknown>[];

describe.skipIf(data === undefined)(title, () => {
  let chinook: FreshDatabase;
  let gateway: TestGateway;
  beforeAll(async () => {
    chinook = await loadChinook();
    gateway = await startTestGateway({ schema: await readSchema(), sources: { chinook } });
  });
  afterAll(async () => {
    await gateway.close();
    await chinook.drop();
  });

  const ask = async (query: string, asks: Asks = {}): Promise<Answer> => {
    const answer = await gateway.ask(query, asks);
    expect(answer.body.errors).toBeUndefined();
    return answer;
  };

  /** What the person says while `body` runs; they take it back afterwards. */
  const saying = async <T>(
    persons: readonly Person[],
    purpose: string,
    body: () => Promise<T>,
  ): Promise<T> => {
    const say = async (word: string, subject: Person): Promise<void> => {
      const mutation = `mutation ($subject: SubjectInput!) {
        ${word}(purpose: ${purpose}, subject: $subject) { head }
      }`;
      await ask(mutation, { scope: 'consent:write', variables: { subject } });
    };
    for (const person of persons) await say('giveConsent', person);
    try {
      return await body();
    } finally {
      for (const person of persons) await say('withdrawConsent', person);
    }
  };

  /** Every row of a type, a page at a time. */
  const all = async (many: string, fields: string, first: number): Promise<Rows> => {
    const rows: Record<string, unknown>[] = [];
    const query = `query ($after: String) {
      page: ${many}(first: ${first}, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } }
    }`;
    for (let after: string | null = null; ;) {
      const { body } = await ask(query, { purpose: 'TAX', variables: { after } });
      rows.push(...(body.data.page.nodes as Rows));
      if (!body.data.page.pageInfo.hasNextPage) return rows;
      after = body.data.page.pageInfo.endCursor as string;
    }
  };

  describe('its tables', () => {
    const tables = [
      { table: 'artist', many: 'artists', first: 100 },
      { table: 'album', many: 'albums', first: 100 },
      { table: 'track', many: 'tracks', first: 1_000 },
      { table: 'genre', many: 'genres', first: 10 },
      { table: 'media_type', many: 'mediaTypes', first: 2 },
      { table: 'playlist', many: 'playlists', first: 9 },
      { table: 'customer', many: 'customers', first: 20 },
      { table: 'employee', many: 'employees', first: 3 },
      { table: 'invoice', many: 'invoices', first: 103 },
      { table: 'invoice_line', many: 'invoiceLines', first: 1_000 },
    ];

    it.each(tables)('gives every row of $table once, in pages', async ({ table, many, first }) => {
      const rows = await all(many, 'id', first);
      const ids = await chinook.knex(table).orderBy(1).pluck<unknown[]>(`${table}_id`);
      expect(ids.length).toBeGreaterThan(0);
      expect(rows.map(({ id }) => id)).toEqual(ids.map(String));
    });

    it('gives every row of playlist_track once, whose key is two columns', async () => {
      const rows = await all('playlistTracks', 'playlist { id } track { id }', 1_000);
      const expected = await chinook
        .knex<{ playlist_id: number; track_id: number }>('playlist_track')
        .orderBy(['playlist_id', 'track_id']);
      expect(rows).toEqual(
        expected.map(({ playlist_id, track_id }) => ({
          playlist: { id: String(playlist_id) },
          track: { id: String(track_id) },
        })),
      );
    });

    it('finds one row by each key', async () => {
      const { body } = await ask(
        `{ artist(id: 1) { name } invoiceLine(id: 1) { id } none: artist(id: 999999) { name }
           playlistTrack(playlistId: 17, trackId: 2) { playlist { name } track { name } }
           notOnIt: playlistTrack(playlistId: 17, trackId: 6) { track { name } } }`,
        { purpose: 'TAX' },
      );
      expect(body.data).toEqual({
        artist: { name: 'AC/DC' },
        invoiceLine: { id: '1' },
        none: null,
        playlistTrack: {
          playlist: { name: 'Heavy Metal Classic' },
          track: { name: 'Balls to the Wall' },
        },
        notOnIt: null,
      });
    });

    it('gives the same page for the same cursor', async () => {
      const query = `query ($after: String) {
        customers(first: 7, after: $after) { edges { cursor node { id lastName } } pageInfo { endCursor } }
      }`;
      const pageAfter = async (after: string | null): Promise<CustomerPage> => {
        const { body } = await ask(query, { purpose: 'TAX', variables: { after } });
        return body.data.customers as CustomerPage;
      };
      const first = await pageAfter(null);
      const cursor = first.pageInfo.endCursor;
      expect(first.edges.at(-1)?.cursor).toBe(cursor);
      expect(await pageAfter(null)).toEqual(first);
      const second = await pageAfter(cursor);
      expect(await pageAfter(cursor)).toEqual(second);
      expect(second.edges[0]?.node).toEqual({ id: '8', lastName: 'Peeters' });
    });

    it('passes over the table between in both directions', async () => {
      const { body } = await ask(
        '{ playlist(id: 17) { tracks(first: 2) { id playlists { id } } } track(id: 1) { playlists { name } } }',
      );
      expect(body.data).toEqual({
        playlist: {
          tracks: [
            { id: '1', playlists: [{ id: '1' }, { id: '8' }, { id: '17' }] },
            { id: '2', playlists: [{ id: '1' }, { id: '8' }, { id: '17' }] },
          ],
        },
        track: {
          playlists: [{ name: 'Music' }, { name: 'Music' }, { name: 'Heavy Metal Classic' }],
        },
      });
    });

    it('needs no purpose for what concerns nobody', async () => {
      const music = '{ artist(id: 1) { albums { tracks { genre { name } mediaType { name } } } } }';
      expect((await gateway.ask(music)).status).toBe(200);
      const sold = '{ artist(id: 1) { albums { tracks { invoiceLines { id } } } } }';
      const refused = await gateway.ask(sold);
      expect(refused.status).toBe(400);
      expect(refused.body.errors[0].extensions.code).toBe('PURPOSE_MISSING');
    });
  });

  const fromArtistToStaff = (
    artist: number,
  ) => `{ artist(id: ${artist}) { name albums { title tracks { name invoiceLines {
    unitPrice invoice { total customer { lastName supportRep { lastName } } } } } } } }`;

  describe('a query from an artist to whoever looks after the buyer', () => {
    it('sends one statement per level', async () => {
      const sent: string[] = [];
      await saying([customer(8)], 'PERSONAL_SERVICE', async () => {
        gateway.statements.length = 0;
        await ask(fromArtistToStaff(1), { purpose: 'PERSONAL_SERVICE' });
        sent.push(...gateway.statements);
      });
      expect(sent.map((sql) => /from "public"."(\w+)"/.exec(sql)?.[1])).toEqual([
        'artist',
        'album',
        'track',
        'invoice_line',
        'invoice',
        'customer',
        'employee',
      ]);
    });

    it('shows each sale as far as its buyer agrees, and none before', async () => {
      const sales = async () => {
        const { body } = await ask(fromArtistToStaff(1), { purpose: 'PERSONAL_SERVICE' });
        const albums: { tracks: { invoiceLines: unknown[] }[] }[] = body.data.artist.albums;
        return albums.flatMap(({ tracks }) => tracks.flatMap((track) => track.invoiceLines));
      };
      expect(await sales()).toEqual([]);
      const bought = await saying([customer(8)], 'PERSONAL_SERVICE', sales);
      const invoice = (total: string) => ({
        unitPrice: '0.99',
        invoice: { total, customer: { lastName: 'Peeters', supportRep: { lastName: null } } },
      });
      expect(bought).toEqual([invoice('5.94'), invoice('5.94')]);
    });
  });

  describe('a customer', () => {
    const query = `{ customer(id: 1) { id firstName lastName company email phone address
      invoices(first: 1) { total } supportRep { id lastName } } }`;

    it('is withheld until they agreed, released then, and withheld when they took it back', async () => {
      const asks = { purpose: 'PERSONAL_SERVICE' };
      const { body: before } = await ask(query, asks);
      expect(before.data.customer).toEqual({
        id: '1',
        ...{ firstName: null, lastName: null, company: null, email: null, phone: null },
        ...{ address: null, invoices: null, supportRep: null },
      });
      expect(reasons(before)).toEqual({
        'Customer.company': 'NOT_COVERED',
        ...Object.fromEntries(
          ['address', 'email', 'firstName', 'invoices', 'lastName', 'phone', 'supportRep'].map(
            (field) => [`Customer.${field}`, 'NOT_CONSENTED'],
          ),
        ),
      });
      const given = await saying([customer(1)], 'PERSONAL_SERVICE', () => ask(query, asks));
      expect(given.body.data.customer).toEqual({
        ...{ id: '1', firstName: 'Luís', lastName: 'Gonçalves', company: null },
        ...{ email: 'luisg@embraer.com.br', phone: '+55 (12) 3923-5555' },
        ...{ address: 'Av. Brigadeiro Faria Lima, 2170', invoices: [{ total: '3.98' }] },
        supportRep: { id: '3', lastName: null },
      });
      expect((await ask(query, asks)).body.data).toEqual(before.data);
    });

    it('says so for one purpose and not for another', async () => {
      const { body } = await saying([customer(1)], 'PERSONAL_SERVICE', () =>
        ask(query, { purpose: 'RECOMMENDATIONS' }),
      );
      expect(body.data.customer).toMatchObject({ lastName: null, invoices: null });
    });

    it('signs in and says so themself', async () => {
      const change = (word: string) =>
        ask(
          `mutation { ${word}(purpose: RECOMMENDATIONS) { customer { id lastName invoices { total } } } }`,
          { subject: '2', purpose: 'RECOMMENDATIONS' },
        );
      const given = await change('giveConsent');
      expect(given.body.data.giveConsent.customer).toMatchObject({ id: '2', lastName: null });
      expect(given.body.data.giveConsent.customer.invoices).toHaveLength(7);
      const taken = await change('withdrawConsent');
      expect(taken.body.data.withdrawConsent.customer.invoices).toBeNull();
    });

    it('has their support’s name withheld until that employee agreed, whatever they themself said', async () => {
      const names = async () => {
        const { body } = await ask(
          `{ customers(first: 3) { nodes { lastName supportRep { lastName } } } employee(id: 3) { lastName } }`,
          { purpose: 'PERSONAL_SERVICE' },
        );
        return body.data as { customers: { nodes: Rows }; employee: unknown };
      };
      const withheld = { lastName: null, supportRep: null };
      const both = [customer(1), employee(3)];
      const onlyStaff = await saying([employee(3)], 'PERSONAL_SERVICE', names);
      expect(onlyStaff.customers.nodes).toEqual([withheld, withheld, withheld]);
      expect(onlyStaff.employee).toEqual({ lastName: 'Peacock' });
      const onlyCustomer = await saying([customer(1)], 'PERSONAL_SERVICE', names);
      expect(onlyCustomer.customers.nodes[0]).toEqual({
        lastName: 'Gonçalves',
        supportRep: { lastName: null },
      });
      const agreed = await saying(both, 'PERSONAL_SERVICE', names);
      expect(agreed.customers.nodes).toEqual([
        { lastName: 'Gonçalves', supportRep: { lastName: 'Peacock' } },
        withheld,
        withheld,
      ]);
    });

    it('is another person than the employee of the same number', async () => {
      const { body } = await saying([customer(3)], 'PERSONAL_SERVICE', () =>
        ask('{ customer(id: 3) { lastName } employee(id: 3) { lastName } }', {
          purpose: 'PERSONAL_SERVICE',
        }),
      );
      expect(body.data).toEqual({
        customer: { lastName: 'Tremblay' },
        employee: { lastName: null },
      });
    });
  });

  describe('an employee', () => {
    it('lists the customers who let it be seen, and no others', async () => {
      const list = async () => {
        const { body } = await ask(
          '{ employees { nodes { id customers { id lastName supportRep { id } } } } }',
          { purpose: 'PERSONAL_SERVICE' },
        );
        const nodes: { id: string; customers: unknown[] }[] = body.data.employees.nodes;
        return nodes.filter(({ customers }) => customers.length > 0);
      };
      expect(await list()).toEqual([]);
      const some = [customer(1), customer(2), customer(3)];
      expect(await saying(some, 'PERSONAL_SERVICE', list)).toEqual([
        {
          id: '3',
          customers: [
            { id: '1', lastName: 'Gonçalves', supportRep: { id: '3' } },
            { id: '3', lastName: 'Tremblay', supportRep: { id: '3' } },
          ],
        },
        { id: '5', customers: [{ id: '2', lastName: 'Köhler', supportRep: { id: '5' } }] },
      ]);
    });

    const tree = '{ employee(id: 1) { lastName title reports { lastName reports { lastName } } } }';

    it('stands in the directory until they object, and so does their place in it', async () => {
      const { body } = await ask(tree, { purpose: 'STAFF_DIRECTORY' });
      expect(body.data.employee).toEqual({
        lastName: 'Adams',
        title: 'General Manager',
        reports: [
          {
            lastName: 'Edwards',
            reports: [{ lastName: 'Peacock' }, { lastName: 'Park' }, { lastName: 'Johnson' }],
          },
          { lastName: 'Mitchell', reports: [{ lastName: 'King' }, { lastName: 'Callahan' }] },
        ],
      });
      const refuse = `mutation { refuseConsent(purpose: STAFF_DIRECTORY, subject: { type: "Employee", id: 7 }) { head } }`;
      await ask(refuse, { scope: 'consent:write' });
      const { body: after } = await ask(tree, { purpose: 'STAFF_DIRECTORY' });
      expect(after.data.employee.reports[1].reports).toEqual([{ lastName: 'Callahan' }]);
      const { body: alone } = await ask('{ employee(id: 7) { lastName reportsTo { id } } }', {
        purpose: 'STAFF_DIRECTORY',
      });
      expect(alone.data.employee).toEqual({ lastName: null, reportsTo: null });
    });

    it('opens no customer', async () => {
      const { body } = await ask('{ customers { nodes { firstName lastName email } } }', {
        purpose: 'STAFF_DIRECTORY',
      });
      for (const node of body.data.customers.nodes as Rows) {
        expect(node).toEqual({ firstName: null, lastName: null, email: null });
      }
    });
  });

  describe('an invoice', () => {
    it('is released for the contract, without anybody’s say-so', async () => {
      const { body } = await ask(
        `{ invoice(id: 1) { invoiceDate total billingAddress billingPostalCode
             customer { lastName phone } lines { unitPrice quantity track { name } } } }`,
        { purpose: 'SALE' },
      );
      expect(body.data.invoice).toEqual({
        invoiceDate: '2021-01-01T00:00:00.000Z',
        total: '1.98',
        billingAddress: 'Theodor-Heuss-Straße 34',
        billingPostalCode: '70174',
        customer: { lastName: 'Köhler', phone: null },
        lines: [
          { unitPrice: '0.99', quantity: 1, track: { name: 'Balls to the Wall' } },
          { unitPrice: '0.99', quantity: 1, track: { name: 'Restless and Wild' } },
        ],
      });
      expect(reasons(body)).toEqual({ 'Customer.phone': 'NOT_COVERED' });
    });

    it('has its total to the cent, and its day whatever the zone', async () => {
      const rows = await all('invoices', 'total invoiceDate', 500);
      const expected = await chinook
        .knex('invoice')
        .orderBy('invoice_id')
        .select(
          chinook.knex.raw('total::text as total'),
          chinook.knex.raw(
            `to_char(invoice_date, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "invoiceDate"`,
          ),
        );
      expect(rows).toEqual(expected);
      const cents = rows.map(({ total }) => Number((total as string).replace('.', '')));
      expect(cents.reduce((sum, cent) => sum + cent, 0)).toBe(232_860);
    });
  });

  describe('what is withheld', () => {
    /** Changes every personal cell but those of customer 1 and employee 3; twice is as before. */
    const scramble = async (): Promise<void> => {
      const text = (column: string) =>
        `${column} = case when ${column} is null then 'x' when ${column} <> 'x' then reverse(${column}) end`;
      const time = (column: string) =>
        `${column} = timestamp '2000-01-01' + (timestamp '2000-01-01' - ${column})`;
      const address = ['address', 'city', 'state', 'country', 'postal_code', 'phone', 'fax'];
      const swap = `case customer_id when 2 then 4 when 4 then 2 else customer_id end`;
      const employees = ['title', ...address].map(text).join(', ');
      await withClient(chinook.connection, (client) =>
        client.query(`
          update customer set ${['company', ...address].map(text).join(', ')},
            first_name = reverse(first_name), last_name = reverse(last_name), email = reverse(email),
            support_rep_id = 8 - support_rep_id
            where customer_id <> 1;
          update employee set ${employees}, ${time('birth_date')}, ${time('hire_date')},
            first_name = reverse(first_name), last_name = reverse(last_name), email = reverse(email),
            reports_to = 9 - reports_to
            where employee_id <> 3;
          update invoice set total = 9999 - total, ${time('invoice_date')}, customer_id = ${swap},
            ${address
              .slice(0, 5)
              .map((column) => text(`billing_${column}`))
              .join(', ')}
            where customer_id <> 1;
          update invoice_line set unit_price = 99 - unit_price, quantity = 9 - quantity,
            track_id = 3504 - track_id
            where invoice_id not in (select invoice_id from invoice where customer_id = 1);`),
      );
    };

    const cells = 'firstName lastName address city state country postalCode phone fax email';
    const queries: readonly [name: string, query: string][] = [
      [
        'customers',
        `{ customers(first: 100) { nodes { id company ${cells} supportRep { id ${cells} }
           invoices { id total invoiceDate lines { id track { name } } } } pageInfo { endCursor } } }`,
      ],
      [
        'employees and who is theirs',
        `{ employees { nodes { id title birthDate hireDate ${cells} reportsTo { id } reports { id }
           customers { id lastName } some: customers(first: 2) { id } } } }`,
      ],
      [
        'invoices and lines',
        `{ invoices(first: 500) { nodes { id total invoiceDate billingCity billingState
             customer { lastName } lines { quantity } } }
           invoiceLines(first: 500) { nodes { unitPrice track { id } invoice { id } } } }`,
      ],
      [
        'who bought each track',
        `{ tracks(first: 1000) { nodes { invoiceLines { id quantity
             invoice { customer { lastName supportRep { lastName } } } } } } }`,
      ],
      ['an artist and everybody down to the staff', fromArtistToStaff(52)],
    ];

    it.each(queries)('changes no byte of the answer when it changes: %s', async (_name, query) => {
      // The answer's own number in the audit log is the one thing that differs.
      const answer = async () =>
        (await ask(query, { purpose: 'PERSONAL_SERVICE' })).text.replace(
          /"entry":"[^"]+"/,
          '"entry":""',
        );
      await saying([customer(1), employee(3)], 'PERSONAL_SERVICE', async () => {
        const before = await answer();
        expect(before).toContain('Gonçalves');
        await scramble();
        const after = await answer().finally(scramble);
        expect(after).toBe(before);
        expect(await answer()).toBe(before);
      });
    });

    it('does change the answer where it is released', async () => {
      const query = '{ customers { nodes { lastName } } invoices { nodes { total } } }';
      const before = await ask(query, { purpose: 'TAX' });
      await scramble();
      const after = await ask(query, { purpose: 'TAX' }).finally(scramble);
      expect(after.body.data.customers.nodes[1]).toEqual({ lastName: 'relhöK' });
      expect(after.body.data).not.toEqual(before.body.data);
      expect((await ask(query, { purpose: 'TAX' })).body.data).toEqual(before.body.data);
    });
  });

  describe('a mistake in its SDL', () => {
    interface Change {
      readonly file: string;
      readonly from: string;
      readonly to: string;
    }

    /** What keeps the gateway from starting with this SDL changed so. */
    const problemsWith = async (...changes: readonly Change[]): Promise<readonly Problem[]> => {
      const schema = await readSchema();
      for (const { file, from, to } of changes) {
        expect(schema[file]).toContain(from);
        schema[file] = schema[file]?.replace(from, to) ?? '';
      }
      try {
        const started = await startTestGateway({ schema, sources: { chinook } });
        await started.close();
      } catch (error) {
        if (error instanceof SchemaError) return error.problems;
        throw error;
      }
      throw new Error('the gateway started');
    };

    /** Where the text stands in the SDL as it is, for a problem's `where`. */
    const placeOf = async (file: string, text: string): Promise<RegExp> => {
      const lines = (await readSchema())[file]?.split('\n') ?? [];
      const line = lines.findIndex((one) => one.includes(text)) + 1;
      return new RegExp(`/${file}:${line}:\\d+$`);
    };

    it('stops the start, with the place and what was meant, all together', async () => {
      const mistakes = [
        {
          change: { file: 'customer.graphql', from: 'firstName:', to: 'fristName:' },
          what: 'table `customer` of source `chinook` has no column `frist_name`, which `Customer.fristName` needs',
          mend: 'did you mean `first_name`?',
        },
        {
          change: { file: 'customer.graphql', from: 'total: Decimal', to: 'total: Boolean' },
          what: '`Invoice.total` is `Boolean`, but its column `total` is `numeric`',
          mend: 'give the field a type that shows such a column',
        },
        {
          change: {
            file: 'music.graphql',
            from: 'artist: Artist @join(on: "artist_id")',
            to: 'artist: Artist @join(on: "artistid")',
          },
          what: 'table `album` of source `chinook` has no column `artistid`, which `Album.artist` needs',
          mend: 'did you mean `artist_id`?',
        },
        {
          change: {
            file: 'music.graphql',
            from: 'via: "playlist_track", on: "track_id"',
            to: 'via: "playlist_tracks", on: "track_id"',
          },
          what: 'source `chinook` has no table `playlist_tracks`, which `Track.playlists` names',
          mend: 'did you mean `playlist_track`?',
        },
      ];
      const problems = await problemsWith(...mistakes.map(({ change }) => change));
      for (const { change, what, mend } of mistakes) {
        const problem = problems.find((one) => one.what.startsWith(what));
        expect(problem?.where).toMatch(await placeOf(change.file, change.from));
        expect(problem?.mend).toContain(mend);
      }
    });

    it('stops the start when a personal field is left bare, before any database is asked', async () => {
      const problems = await problemsWith({
        file: 'employee.graphql',
        from: 'birthDate: Date @shield(category: STAFF_PRIVATE)',
        to: 'birthDate: Date',
      });
      expect(problems.map(({ what }) => what)).toEqual([
        '`Employee.birthDate` is a field of a personal type and neither @shield-ed nor @open',
      ]);
    });

    it('stops the start when a key is half of what the table keeps unique', async () => {
      const problems = await problemsWith({
        file: 'music.graphql',
        from: 'key: ["playlist_id", "track_id"]',
        to: 'key: ["playlist_id"]',
      });
      expect(problems).toEqual([
        {
          where: expect.stringMatching(/music\.graphql:\d+:\d+$/) as string,
          what: '`PlaylistTrack` knows its rows by `playlist_id`, which table `playlist_track` of source `chinook` does not keep unique and not null',
          mend: 'name columns that are a primary key, or unique and not null: `playlist_id, track_id`',
        },
      ]);
    });

    it('stops the start when a sale shows no rule for the track it is found by', async () => {
      const problems = await problemsWith({
        file: 'customer.graphql',
        from: 'track: Track @shield(category: PURCHASES) @join(on: "track_id")',
        to: '',
      });
      expect(problems.map(({ where, what }) => `${where} ${what}`)).toEqual([
        expect.stringMatching(/music\.graphql:\d+:\d+ `Track\.invoiceLines` finds persons’ rows/),
      ]);
    });
  });
});

/** The reason of each withheld field. */
const reasons = (body: Answer['body']): Record<string, string> =>
  Object.fromEntries(
    (body.extensions.sayso.withheld as { field: string; reason: string }[]).map(
      ({ field, reason }) => [field, reason],
    ),
  );
