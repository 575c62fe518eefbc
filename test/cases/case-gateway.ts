import type { ConsentInput } from '../../src/core/consent.ts';
import type { ReadCase } from '../../src/cli/decide/case-file.ts';
import type { CaseEvent } from '../../src/cli/decide/case-form.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import type { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';
import { form, policy, schema } from './cases.ts';
import { directoryOn } from '../setup/subjects.ts';

/** Every column has a value, so that null is always a decision. */
const columnsOf = (type: string): readonly string[] =>
  [...(policy.model.types.get(type)?.fields.values() ?? [])].flatMap((field) =>
    field.kind === 'column' && field.column !== 'id' ? [field.column] : [],
  );

const tableSql = (): string => {
  const texts = (type: string): string =>
    columnsOf(type)
      .map((column) => `${column} text not null default 'a value'`)
      .join(', ');
  return `create table customers (id integer primary key, residence text, ${texts('Customer')});
    create table orders (id integer primary key, customer_id integer not null references customers,
      ${texts('Order')});`;
};

/** A gateway whose persons have each lived through one case, so that its request comes now. */
export interface CaseGateway {
  readonly gateway: TestGateway;
  /** The person of a case, by the case's name. */
  idOf(name: string): string;
}

/** Nothing may end while the tests run that has not ended when a request comes. */
const restMs = 3_600_000;

const insertNotice = `
  with head as (update ledger_head set position = position + 1 returning position)
  insert into notice
    (id, version, position, content_hash, meaning_hash, content, published_at, published_by)
  select ?, ?, position, 'none', 'none', ?::jsonb, ?, 'test' from head`;

/** What an older policy wrote, or what cannot be said. */
const insertLeaves = `
  with head as (update ledger_head set position = position + 1 returning position)
  insert into consent_event (position, subject, kind, purposes, categories, at, valid_until, method,
    origins, declared, recipients, bases, signal, confirmed)
  select position, ?, ?, ?, ?, ?, ?, 'case', ?, ?, ?, ?, ?, ? from head`;

/** Writes one case's history, moved in time so that its request comes now. */
class CaseWriter {
  readonly #gateway: TestGateway;
  readonly #store: ConsentStore;
  readonly #subjects: SubjectDirectory;
  readonly #started = Date.now();

  constructor(gateway: TestGateway) {
    this.#gateway = gateway;
    this.#subjects = directoryOn(gateway.own.knex, 1_000);
    this.#store = new ConsentStore(gateway.own.knex, this.#subjects, gateway.app.policy);
  }

  async write({ name, events, request }: ReadCase, id: string): Promise<void> {
    const asked = Date.parse(request.at);
    const moved = (time: string): Date => new Date(Date.parse(time) - asked + this.#started);
    for (const { validUntil } of events) {
      const rest = validUntil === undefined ? 0 : Date.parse(validUntil) - asked;
      if (rest > 0 && rest < restMs) throw new Error(`${name}: a yes would end during the test`);
    }
    const notices = new Set(events.flatMap(({ notice }) => notice?.id ?? []));
    for (const notice of notices) await this.#publish(notice, id, moved);
    for (const event of events) {
      if (event.leaves) await this.#insert(event, id, moved);
      else await this.#store.append([this.#input(event, id, moved)]);
    }
  }

  #input(event: CaseEvent, id: string, moved: (time: string) => Date): ConsentInput {
    const { notice, at, validUntil } = event;
    return {
      ...event,
      subject: { type: 'Customer', id },
      method: 'case',
      at: moved(at),
      validUntil: validUntil === undefined ? undefined : moved(validUntil),
      notice: notice && { ...notice, id: `${notice.id}-${id}` },
    };
  }

  /** Of each case its own, because cases are moved in time by different spans. */
  async #publish(notice: string, id: string, moved: (time: string) => Date): Promise<void> {
    const text = { title: 't', text: 't', gain: 't', withdraw: 't' };
    for (const [i, { publishedAt, purposes }] of (form.notices[notice] ?? []).entries()) {
      const content = {
        purposes: purposes.map((one) => ({ ...one, retention: null })),
        languages: [{ language: 'en', text }],
      };
      const values = [`${notice}-${id}`, i + 1, JSON.stringify(content), moved(publishedAt)];
      await this.#gateway.own.knex.raw(insertNotice, values);
    }
  }

  async #insert(event: CaseEvent, id: string, moved: (time: string) => Date): Promise<void> {
    const { kind, leaves, at, validUntil, signal, confirmed } = event;
    const [number = -1] = await this.#subjects.numbersOf('Customer', [id]);
    await this.#gateway.own.knex.raw(insertLeaves, [
      ...[number, kind, leaves?.purposes ?? [], leaves?.categories ?? []],
      ...[moved(at), validUntil === undefined ? null : moved(validUntil)],
      ...[leaves?.origins ?? [], leaves?.declared ?? [], leaves?.recipients ?? []],
      ...[leaves?.bases ?? null, signal ?? null, confirmed === true],
    ] as string[]);
  }

  /** Every declared field has a value too. */
  async declare(id: string): Promise<void> {
    const [number = -1] = await this.#subjects.numbersOf('Customer', [id]);
    for (const column of columnsOf('Wishes')) {
      await this.#gateway.own.knex.raw(
        `insert into declared_value (subject, coordinate, value) values (?, ?, '"a value"')`,
        [number, `Wishes.${column}`],
      );
    }
  }
}

/** Starts one gateway for some cases and writes what their persons said. */
export const startCaseGateway = async (cases: readonly ReadCase[]): Promise<CaseGateway> => {
  const gateway = await startTestGateway({ schema, sources: { shop: tableSql() } });
  try {
    const ids = new Map(cases.map(({ name }, i) => [name, String(i + 1)]));
    const shop = gateway.sources.get('shop')!.knex;
    const persons = cases.map(({ request }, i) => ({
      id: i + 1,
      residence: request.place ?? null,
    }));
    await shop('customers').insert(persons);
    await shop('orders').insert(persons.map(({ id }) => ({ id, customer_id: id })));
    const writer = new CaseWriter(gateway);
    for (const one of cases) {
      const id = ids.get(one.name)!;
      await writer.write(one, id);
      if (one.request.field.startsWith('Wishes.')) await writer.declare(id);
    }
    return { gateway, idOf: (name) => ids.get(name)! };
  } catch (error) {
    await gateway.close();
    throw error;
  }
};
