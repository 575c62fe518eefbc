import { fileURLToPath } from 'node:url';
import type { ConsentInput } from '../../../src/core/consent.ts';
import { ConsentStore } from '../../../src/ledger/consent-store.ts';
import { startTestGateway, type Answer, type TestGateway } from '../../setup/gateway.ts';
import {
  anotherValue,
  Canaries,
  canariesIn,
  distinctLinks,
  fillTables,
  personsIn,
  replaceLinksSql,
  sdl,
  sourceSql,
  tables,
  updateSql,
  type Data,
  type DataRow,
  type Dice,
} from './domain.ts';
import { captureOutput } from './log-capture.ts';
import { coveredBy, leafPurposes, pluralOf, purposes, types } from './model.ts';
import { OperationWriter, type Operation } from './operations.ts';
import { Oracle, type Asker, type Expected, type Note, type Said } from './oracle.ts';
import { loggedOperations } from '../../setup/logged.ts';
import { directoryOn } from '../../setup/subjects.ts';

const dayMs = 86_400_000;

/** What one operation was and got. */
export interface Told {
  readonly operation: Pick<Operation, 'text' | 'variables'>;
  readonly asker: Asker;
  readonly answer: Answer;
}

interface ToldError {
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string; readonly suppressed?: number };
}

/** What the log must say of an operation. */
interface Logged {
  readonly entry: string;
  readonly withheld: readonly Note[];
  readonly released: ReadonlySet<string>;
}

/** A leak or a mistake: what was asked, and what is wrong with the answer. */
export class Leak extends Error {
  constructor(what: string, { operation, asker, answer }: Told) {
    const shown = answer.text.length > 3_000 ? `${answer.text.slice(0, 3_000)}…` : answer.text;
    super(
      `${what}\n${asker.purpose}${asker.staff ? ' (staff)' : ''}: ${operation.text}\n` +
        `${JSON.stringify(operation.variables)}\n${answer.status} ${shown}`,
    );
    this.name = 'Leak';
  }
}

/** Finds the first place where two values differ. */
const difference = (found: unknown, expected: unknown, path: string): string | undefined => {
  if (Object.is(found, expected)) return undefined;
  const both = typeof found === 'object' && typeof expected === 'object' && found && expected;
  if (!both || Array.isArray(found) !== Array.isArray(expected))
    return `${path} is ${JSON.stringify(found)} and must be ${JSON.stringify(expected)}`;
  const [left, right] = [Object.entries(found), Object.entries(expected)];
  const keys = (entries: typeof left): string => entries.map(([key]) => key).join(' ');
  if (keys(left) !== keys(right)) return `${path} has ${keys(left)} and must have ${keys(right)}`;
  for (const [key, value] of right) {
    const inner = difference((found as Record<string, unknown>)[key], value, `${path}.${key}`);
    if (inner !== undefined) return inner;
  }
  return undefined;
};

/** Whether a coordinate is of a type whose rows are or concern persons. */
const isPersonal = (coordinate: string): boolean => {
  const type = types.get(coordinate.split('.')[0] ?? '');
  return type?.person !== undefined || type?.about !== undefined;
};

/** A gateway over canaries, the oracle beside it, and everything that was said to either. */
export class CanaryWorld {
  readonly gateway: TestGateway;
  readonly oracle: Oracle;
  readonly writer: OperationWriter;
  readonly #data: Data;
  readonly #canaries: Canaries;
  readonly #dice: Dice;
  readonly #consents: ConsentStore;
  readonly #output: ReturnType<typeof captureOutput>;
  readonly #tokens = new Map<string, string>();
  readonly #logged: Logged[] = [];
  readonly #start = Date.now();
  #clock = Date.now() + 365 * dayMs;

  private constructor(
    gateway: TestGateway,
    data: Data,
    canaries: Canaries,
    dice: Dice,
    output: ReturnType<typeof captureOutput>,
  ) {
    this.gateway = gateway;
    this.#data = data;
    this.#canaries = canaries;
    this.#dice = dice;
    this.#output = output;
    this.oracle = new Oracle(data);
    this.writer = new OperationWriter(dice, this.oracle);
    // As another replica would write.
    const { knex } = gateway.own;
    this.#consents = new ConsentStore(knex, directoryOn(knex, 1_000), gateway.app.policy);
  }

  static async start(dice: Dice): Promise<CanaryWorld> {
    const canaries = new Canaries();
    const data = fillTables(canaries, dice);
    const output = captureOutput();
    const modules = fileURLToPath(new URL('modules.ts', import.meta.url));
    const gateway = await startTestGateway({
      schema: sdl,
      sources: { shop: sourceSql('shop', data), crm: sourceSql('crm', data) },
      rules: modules,
      resolvers: modules,
      logLevel: 'debug',
      limits: { maxDepth: 20, maxAliases: 500, maxTokens: 20_000 },
    }).catch((error: unknown) => {
      output.stop();
      throw error;
    });
    const world = new CanaryWorld(gateway, data, canaries, dice, output);
    await world.#readCursors();
    return world;
  }

  async close(): Promise<void> {
    this.#output.stop();
    await this.gateway.close();
  }

  get answered(): number {
    return this.#logged.length;
  }

  /** Shielded coordinates that were never released, or never withheld, in all that was compared. */
  untried(): readonly string[] {
    const released = new Set(this.#logged.flatMap((one) => [...one.released]));
    const withheld = new Set(this.#logged.flatMap((one) => one.withheld.map(({ field }) => field)));
    return [...types.values()]
      .flatMap(({ fields }) => [...fields.values()])
      .filter(({ categories }) => categories !== undefined)
      .flatMap(({ coordinate }) => [
        ...(released.has(coordinate) ? [] : [`${coordinate} released`]),
        ...(withheld.has(coordinate) ? [] : [`${coordinate} withheld`]),
      ]);
  }

  /** Appends what random people say of random purposes. */
  async sayMany(count: number): Promise<void> {
    const inputs: ConsentInput[] = [];
    for (let i = 0; i < count; i += 1) inputs.push(this.#randomSaying());
    await this.#consents.append(inputs);
  }

  /** Everybody says yes to all of a purpose, so that there is something to release. */
  async everybodyAgrees(purpose: string): Promise<void> {
    this.#clock += 1;
    const inputs = ['Customer', 'Agent'].flatMap((type) =>
      this.oracle.sorted(types.get(type)!).flatMap((row) => {
        const id = String(row['id'] ?? row['code']);
        // A yes is said to each purpose by itself.
        return leafPurposes(purpose).map((leaf) => {
          this.oracle.say(type, id, {
            kind: 'given',
            purpose: leaf,
            at: this.#clock,
            expired: false,
          });
          return { kind: 'given', subject: { type, id }, purpose: leaf, method: 'test' } as const;
        });
      }),
    );
    await this.#consents.append(inputs);
  }

  randomAsker(): Asker {
    return { purpose: this.#pick(purposes), staff: this.#dice(3) === 0 };
  }

  randomQuery(asker: Asker): Operation & { readonly header: boolean } {
    const how = this.#dice(3);
    const operation = this.writer.query(
      (name, variables) =>
        `query ${name}${variables}${how === 0 ? '' : ` @for(purpose: ${asker.purpose})`}`,
    );
    return { ...operation, header: how !== 1 };
  }

  async ask(
    operation: Pick<Operation, 'text' | 'variables'> & { readonly header: boolean },
    asker: Asker,
    subject?: string,
  ): Promise<Told> {
    const { statusCode, headers, body } = await this.gateway.app.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: {
        authorization: `Bearer ${await this.#token(asker, subject)}`,
        'content-type': 'application/json',
        ...(operation.header && { 'sayso-purpose': asker.purpose }),
      },
      payload: JSON.stringify({ query: operation.text, variables: operation.variables }),
    });
    const answer = { status: statusCode, headers, text: body, body: JSON.parse(body) };
    return { operation, asker, answer };
  }

  /** Asks and compares with the oracle. */
  async query(asker: Asker): Promise<void> {
    const operation = this.randomQuery(asker);
    const expected = this.oracle.answer(operation.selections, asker);
    this.check(await this.ask(operation, asker), expected, expected.data);
  }

  /** Says something by a mutation whose payload shows the person. */
  async mutate(asker: Asker): Promise<void> {
    const rows = this.oracle.sorted(types.get('Customer')!);
    const id = String(this.#pick(rows)['id']);
    const { kind, purpose, categories } = this.#randomSaying('Customer', id, false);
    const field = { given: 'giveConsent', refused: 'refuseConsent', withdrawn: 'withdrawConsent' }[
      kind as 'given'
    ];
    const list = categories ? `, categories: [${categories.join(', ')}]` : '';
    const operation = this.writer.payload(`change: ${field}(purpose: ${purpose}${list})`);
    this.#clock += 1;
    this.oracle.say('Customer', id, {
      kind,
      purpose,
      ...(categories && { categories }),
      at: this.#clock,
      expired: false,
    });
    const expected = this.oracle.payload(id, operation.customer, ['change', 'customer'], asker);
    const told = await this.ask({ ...operation, header: true }, asker, id);
    this.check(told, expected, { change: expected.data });
  }

  /** Compares an answer with what the oracle says; throws when they differ. */
  check(told: Told, expected: Expected, data: unknown): void {
    const { answer } = told;
    const fail = (what: string): never => {
      throw new Leak(what, told);
    };
    const allowed = new Set(canariesIn(JSON.stringify(data)));
    const everything = `${answer.text}\n${JSON.stringify(answer.headers)}`;
    const leaked = canariesIn(everything).filter((one) => !allowed.has(one));
    if (leaked.length > 0) fail(`withheld canaries: ${leaked.join(', ')}`);
    if (answer.status !== 200) fail(`status ${answer.status}`);
    const { body } = answer;
    const wrong = difference(body.data, data, 'data');
    if (wrong !== undefined) fail(wrong);
    const { sayso } = body.extensions;
    const mistold = difference(sayso.withheld, expected.withheld, 'withheld');
    if (mistold !== undefined) fail(mistold);
    this.#checkErrors((body.errors ?? []) as readonly ToldError[], expected.errors, fail);
    this.#logged.push({ entry: sayso.entry, ...expected });
  }

  #checkErrors(
    errors: readonly ToldError[],
    expected: readonly string[],
    fail: (what: string) => never,
  ): void {
    const places = new Set(expected);
    let count = 0;
    for (const { path = [], extensions } of errors) {
      if (!places.has(path.join('.'))) fail(`an error at ${path.join('.')}`);
      if (extensions.code !== 'INTERNAL_SERVER_ERROR') fail(`an error ${extensions.code}`);
      count += 1 + (extensions.suppressed ?? 0);
    }
    if (count !== expected.length) fail(`${count} errors, and there must be ${expected.length}`);
  }

  /**
   * Changes, for about half of the rows, cells that the asker may not see: to another value, to
   * NULL and from NULL, and whom a row refers to.
   */
  async changeHidden(asker: Asker): Promise<number> {
    const sql: Record<'shop' | 'crm', string[]> = { shop: [], crm: [] };
    const later: (() => void)[] = [];
    let changed = 0;
    for (const type of types.values()) {
      const spec = tables[type.table]!;
      for (const row of this.#data[type.table] ?? []) {
        if (this.#dice(2) === 0) continue;
        const changes: DataRow = {};
        for (const column of this.oracle.hiddenColumns(type, row, asker)) {
          const value = anotherValue(spec.columns[column]!, this.#data, this.#canaries, this.#dice);
          changes[column] = value;
          changed += 1;
        }
        if (Object.keys(changes).length === 0) continue;
        sql[spec.source].push(updateSql(type.table, row, changes));
        // All at once at the end: who sees what must be judged before anything has changed.
        later.push(() => Object.assign(row, changes));
      }
    }
    for (const [table, owner, field] of [
      ['friendship', 'a_id', 'friends'],
      ['wish', 'customer_id', 'wishes'],
    ] as const) {
      const spec = tables[table]!;
      const links = this.#data[table]!;
      const rows = distinctLinks(
        links.flatMap((link) => {
          if (!this.oracle.hides('Customer', link[owner], field, asker)) return [link];
          changed += 1;
          if (this.#dice(3) === 0) return [];
          const other = Object.keys(spec.columns).find((column) => column !== owner)!;
          const value = anotherValue(spec.columns[other]!, this.#data, this.#canaries, this.#dice);
          return [{ ...link, [other]: value }];
        }),
      );
      sql.shop.push(replaceLinksSql(table, rows));
      later.push(() => links.splice(0, links.length, ...rows));
    }
    for (const source of ['shop', 'crm'] as const) {
      const text = sql[source].join('\n');
      if (text !== '')
        await this.gateway.sources.get(source)!.knex.raw(text.replaceAll('?', '\\?'));
    }
    for (const apply of later) apply();
    this.oracle.changed();
    return changed;
  }

  /**
   * Asks, changes what the asker may not see, and asks again; throws when an answer has other bytes.
   * @returns how many cells were changed
   */
  async compareAfterChange(asker: Asker, operations: number): Promise<number> {
    // The name of the entry, and the names under which masked errors were logged, are of the request.
    const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
    const bytes = ({ answer }: Told): string => answer.text.replaceAll(uuid, '');
    const asked = Array.from({ length: operations }, () => this.randomQuery(asker));
    const before = await Promise.all(asked.map((one) => this.ask(one, asker)));
    const changed = await this.changeHidden(asker);
    const after = await Promise.all(asked.map((one) => this.ask(one, asker)));
    before.forEach((told, i) => {
      const now = after[i]!;
      if (bytes(told) === bytes(now)) return;
      const where = difference(now.answer.body, told.answer.body, 'the answer');
      throw new Leak(`a cell that must not count made a difference: ${where ?? ''}`, now);
    });
    return changed;
  }

  /** Whatever was logged or kept for audit holds no canary at all, nor the id of a person. */
  async checkLogAndAudit(): Promise<{ readonly lines: number; readonly entries: number }> {
    const output = this.#output.text();
    const rows = await loggedOperations(this.gateway.own.knex);
    const kept = rows.map(({ text }) => text).join('\n');
    for (const [where, text] of [
      ['logs', output],
      ['audit', kept],
    ] as const) {
      const found = [...canariesIn(text), ...personsIn(text)];
      if (found.length > 0) {
        const line = text.split('\n').find((one) => one.includes(found[0]!)) ?? '';
        throw new Error(`${where} hold ${found.slice(0, 5).join(', ')}: ${line.slice(0, 500)}`);
      }
    }
    const entries = new Map(rows.map((row) => [row.id, row.decisions]));
    for (const { entry, withheld, released } of this.#logged) {
      const decisions = entries.get(entry);
      if (!decisions) throw new Error(`the entry ${entry} is not in the log`);
      const named = (yes: boolean) =>
        new Set(
          decisions.flatMap(({ coordinates, released }) => (released === yes ? coordinates : [])),
        );
      const [free, kept] = [named(true), named(false)];
      const missing = [
        ...withheld.filter(({ field }) => !kept.has(field)).map(({ field }) => field),
        ...[...released].filter((field) => isPersonal(field) && !free.has(field)),
      ];
      if (missing.length > 0) throw new Error(`${entry} does not tell of ${missing.join(', ')}`);
    }
    return { lines: output.split('\n').length, entries: rows.length };
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#dice(from.length)]!;
  }

  #randomSaying(
    type = this.#dice(5) === 0 ? 'Agent' : 'Customer',
    id = String(this.#pick(this.oracle.sorted(types.get(type)!))[type === 'Agent' ? 'code' : 'id']),
    past = true,
  ): ConsentInput & { readonly kind: Said['kind']; readonly purpose: string } {
    const kinds = past
      ? (['given', 'given', 'given', 'refused', 'withdrawn', 'objected'] as const)
      : (['given', 'given', 'refused', 'withdrawn'] as const);
    const kind = this.#pick<Said['kind']>(kinds);
    const node = this.#pick(purposes);
    const purpose = kind === 'given' ? this.#pick(leafPurposes(node)) : node;
    const covered = [...new Set(leafPurposes(purpose).flatMap(coveredBy))];
    const named = this.#dice(2) === 0;
    const categories = named ? [this.#pick(covered), this.#pick(covered)] : undefined;
    const said = { kind, purpose, ...(categories && { categories: [...new Set(categories)] }) };
    if (!past) return { ...said, subject: { type, id }, method: 'test' };
    // Few instants, so that some things are said at the same one.
    const at = this.#start - (10 + this.#dice(40)) * dayMs;
    const limit = kind === 'given' ? this.#dice(4) : 3;
    const until =
      limit === 0 ? at + 5 * dayMs : limit === 1 ? this.#start + 900 * dayMs : undefined;
    this.oracle.say(type, id, { ...said, at, expired: limit === 0 });
    return {
      ...said,
      subject: { type, id },
      method: 'test',
      at: new Date(at),
      ...(until !== undefined && { validUntil: new Date(until) }),
    };
  }

  async #token(asker: Asker, subject?: string): Promise<string> {
    const key = `${asker.purpose} ${asker.staff} ${subject ?? ''}`;
    const known = this.#tokens.get(key);
    if (known !== undefined) return known;
    const token = await this.gateway.token({
      purpose: asker.purpose,
      client: `client-${this.#tokens.size}`,
      ...(asker.staff && { roles: ['staff'] }),
      ...(subject !== undefined && { subject }),
    });
    this.#tokens.set(key, token);
    return token;
  }

  async #readCursors(): Promise<void> {
    for (const type of types.values()) {
      if (!type.root) continue;
      const many = pluralOf(type.name.charAt(0).toLowerCase() + type.name.slice(1));
      const key = type.key === 'code' ? 'code' : 'id';
      const { body } = await this.gateway.ask(
        `{ ${many}(first: 100) { edges { cursor node { ${key} } } } }`,
        { purpose: 'TAX' },
      );
      const edges = body.data[many].edges as { cursor: string; node: Record<string, string> }[];
      for (const { cursor, node } of edges)
        this.oracle.cursors.set(`${type.name} ${node[key]!}`, cursor);
    }
  }
}

/** Numbers from a seed, the same wherever they are drawn (mulberry32). */
export const seededDice = (seed: number): Dice => {
  let state = seed;
  return (choices) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * choices);
  };
};
