import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { vi } from 'vitest';
import { createCursorSealer, readSecret, type CursorSealer } from '../../src/gateway/cursor.ts';
import { PlanCache } from '../../src/gateway/plan-cache.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { startTestGateway, type Asks, type TestGateway } from '../setup/gateway.ts';
import { lastLogged, type Logged } from '../setup/logged.ts';
import type { GoldenCase } from './golden-case.ts';
import { plainPlan } from './plain-plan.ts';
import { printJson } from './print-json.ts';

/** A gateway for some cases, with what was said before. */
export const startFor = async ({ schema, data, modules, context }: GoldenCase) => {
  const gateway = await startTestGateway({ schema, sources: data, ...modules });
  const { knex } = gateway.own;
  const store = new ConsentStore(knex, new SubjectDirectory(knex, 1_000), gateway.app.policy);
  for (const { subject, ...said } of context.sayso) {
    const [type = '', id = ''] = subject.split(':');
    await store.append([{ ...said, subject: { type, id }, method: 'golden' }]);
  }
  return gateway;
};

/**
 * Stops a gateway and leaves its databases to the end of the run: dropping one waits for a
 * checkpoint of the whole server, which would be most of the time that these tests take.
 */
export const stop = async ({ app, own, sources, config }: TestGateway): Promise<void> => {
  await app.close();
  await Promise.all([own, ...sources.values()].map(({ knex }) => knex.destroy()));
  await rm(dirname(config.schemaDir), { recursive: true, force: true });
};

const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce((inner, key) => (inner as Record<string, unknown>)[key], value);

/** What stands for numbers and ids that differ from run to run. */
interface Marks {
  head(head: number): string;
  cursor(sealed: string): string;
  person(number: string): string;
}

const marksFor = async (gateway: TestGateway): Promise<Marks> => {
  const { knex } = gateway.own;
  const { rows: persons } = await knex.raw<{ rows: { number: number; name: string }[] }>(
    `select number, type || ':' || external_id as name from subject`,
  );
  const names = new Map(persons.map(({ number, name }) => [String(number), name]));
  const { rows: heads } = await knex.raw<{ rows: { position: string }[] }>(
    'select position::text from ledger_head',
  );
  const newest = Number(heads[0]?.position);
  const sealer = createCursorSealer(await readSecret(knex, 'cursor'));
  return {
    head: (head) => (head === newest ? '<head>' : `<head - ${newest - head}>`),
    cursor: (sealed) => `<cursor ${openCursor(sealer, gateway, sealed)}>`,
    person: (number) => (number === '?' ? '?' : (names.get(number) ?? `<nobody: ${number}>`)),
  };
};

const openCursor = (sealer: CursorSealer, { app }: TestGateway, sealed: string): string => {
  for (const type of app.policy.model.types.keys()) {
    try {
      return `${type}:${sealer.open(type, sealed).join(',')}`;
    } catch {
      // Sealed for another type.
    }
  }
  return 'of nothing';
};

const marked = (value: unknown, marks: Marks, key = ''): unknown => {
  if (Array.isArray(value)) return value.map((one) => marked(one, marks));
  if (typeof value === 'string' && /cursor$/i.test(key)) return marks.cursor(value);
  if (typeof value === 'number' && key === 'head') return marks.head(value);
  if (key === 'entry') return '<entry>';
  if (key === 'policy') return '<policy>';
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, marked(one, marks, name)]),
  );
};

/** `1-3,?` as the persons themselves. */
const personsIn = (ranges: string, marks: Marks): readonly string[] =>
  ranges
    .split(',')
    .flatMap((range) => {
      const [from = '', to = from] = range.split('-');
      const count = Number(to) - Number(from) + 1;
      return from === '?' ? '?' : Array.from({ length: count }, (_, i) => String(Number(from) + i));
    })
    .map((number) => marks.person(number))
    .sort();

const plainEntry = (entry: Logged, marks: Marks): unknown => ({
  client: entry.client,
  actor: entry.actor.replace(/^subject:(\d+)$/, (_all, number: string) => marks.person(number)),
  purpose: entry.purpose ?? null,
  operation: entry.operation ?? null,
  head: entry.head === undefined ? null : marks.head(entry.head),
  outcome: entry.outcome,
  decisions: entry.decisions.map(({ coordinates, released, reason, count, subjects }) => ({
    coordinates,
    released,
    reason,
    count,
    subjects: personsIn(subjects, marks),
  })),
});

/** One clause a line, so that a change in a statement is a changed line. */
const plainSql = (statement: string): string =>
  `${statement
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/ (?=(from|(left|inner|cross) join|where|order by|limit) )/g, '\n  ')};\n`;

/** What a case gave: the texts of its output files, and what holds beside them. */
export interface CaseResult {
  readonly status: number;
  readonly files: Readonly<Record<string, string>>;
  /** The answer, the log and the policy name the same entry, head and policy. */
  readonly agreed: readonly [unknown, unknown][];
}

const carriedOut = vi.spyOn(PlanCache.prototype, 'plan');

const askFor = ({ context }: GoldenCase): Asks => {
  const { caller, purpose, variables, operationName } = context;
  const { client, scopes, subject, roles } = caller;
  return {
    client,
    scope: scopes.join(' '),
    ...(subject !== undefined && { subject }),
    ...(roles && { roles }),
    ...(purpose !== undefined && { purpose }),
    ...(variables && { variables }),
    ...(operationName !== undefined && { operationName }),
  };
};

/** Sends the request of a case and describes what happened on the road. */
export const runCase = async (gateway: TestGateway, one: GoldenCase): Promise<CaseResult> => {
  let asks = askFor(one);
  if (one.context.after !== undefined) {
    const { body } = await gateway.ask(one.request, asks);
    asks = { ...asks, variables: { ...asks.variables, after: at(body, one.context.after) } };
  }
  gateway.statements.length = 0;
  carriedOut.mockClear();
  const { status, body } = await gateway.ask(one.request, asks);
  const { policy } = gateway.app;
  // The last one that the gateway took for this request is the one it carried out, if it came so far.
  const plan = carriedOut.mock.results.at(-1);
  const planned = plan?.type === 'return' ? plainPlan(plan.value, policy) : null;
  const entry = await lastLogged(gateway.own.knex);
  const marks = await marksFor(gateway);
  const said = body.extensions?.sayso;
  return {
    status,
    files: {
      'plan.json': `${printJson(planned)}\n`,
      'sql.txt': gateway.statements.map(plainSql).join('\n'),
      'decision.json': `${printJson(plainEntry(entry, marks))}\n`,
      'response.json': `${printJson(marked(body, marks))}\n`,
    },
    agreed: said
      ? [
          [said.entry, entry.id],
          [said.policy, policy.id],
          [entry.policy, policy.id],
          [said.head ?? null, entry.head ?? null],
        ]
      : [[entry.policy, policy.id]],
  };
};
