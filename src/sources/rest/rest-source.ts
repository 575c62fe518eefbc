import type { RestSourceConfig, RestTableConfig } from '../../config/config.ts';
import { SourceError, tooManyRows, type Problem, type SourceErrorCode } from '../../core/errors.ts';
import type { DomainType } from '../../policy/model.ts';
import type { ReadPlan } from '../../policy/plan.ts';
import type { EraseRequest, Find, RequestSignals, Row, Source } from '../source.ts';
import { buildRequests, describeRequest, possibleValues, requestBase } from './build-requests.ts';
import { checkTypes } from './check-types.ts';
import { idText } from './id-text.ts';
import { JsonClient, type Reading } from './json-client.ts';
import { readRows, shapeOf, type Values } from './read-rows.ts';
import { RestFailure } from './rest-failure.ts';

export interface RestSourceOptions extends Omit<RestSourceConfig, 'kind'> {
  readonly maxRows: number;
  /** Sees what every request asks, without the values that it looks for. */
  readonly onStatement?: (request: string) => void;
}

/** How one read is asked for: the table, the column that is looked for and its parameter. */
interface Question {
  readonly table: RestTableConfig;
  readonly column: string;
  readonly parameter: string;
  readonly values: readonly string[];
  readonly first: number;
}

const compareKeys = (a: readonly string[], b: readonly string[]): number => {
  for (const [i, one] of a.entries()) {
    const other = b[i] ?? '';
    if (one !== other) return one < other ? -1 : 1;
  }
  return a.length - b.length;
};

const slow: ReadonlySet<unknown> = new Set(['TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);

/**
 * A JSON API read by GET: rows are looked for by the values of one column, and only those that were
 * asked for are taken from the answer, in its order. What it cannot do is in `checkTypes`.
 */
export class RestSource implements Source {
  readonly name: string;
  readonly maxRows: number;
  readonly #options: RestSourceOptions;
  readonly #client: JsonClient;
  /** The path of the base address, without a slash at its end. */
  readonly #prefix: string;

  constructor(options: RestSourceOptions) {
    this.name = options.name;
    this.maxRows = options.maxRows;
    this.#options = options;
    this.#client = new JsonClient(options);
    this.#prefix = new URL(options.url).pathname.replace(/\/+$/, '');
  }

  async fetch(
    read: ReadPlan,
    find: Find,
    signals: RequestSignals = { gpc: false },
  ): Promise<readonly Row[]> {
    const stop = new AbortController();
    const reading = { bytesLeft: this.#options.maxBytes, stop: stop.signal, signals };
    try {
      const rows = await (find.by === 'subject'
        ? this.#aboutPerson(read, find, reading)
        : this.#ask(read, find, reading));
      await this.#fillPlaces(read, rows, reading);
      return rows.map((values) => ({ values }));
    } catch (error) {
      throw this.#asSourceError(error);
    } finally {
      // Requests that are still on their way when one has failed.
      stop.abort();
    }
  }

  /** Counts; an API is only read, so whatever is more is refused. */
  async erase(requests: readonly EraseRequest[], id: string): Promise<readonly number[]> {
    if (requests.some(({ how }) => how !== 'COUNT')) {
      const what = `source \`${this.name}\` is only read, so nothing is erased there`;
      throw new SourceError(what, 'SOURCE_UNAVAILABLE', this.name);
    }
    const counts: number[] = [];
    for (const { type } of requests) {
      const { source, name: table, key } = type.table;
      const subject = type.subject && { path: type.subject };
      const read = {
        type: type.name,
        source,
        table,
        key,
        columns: [],
        ...(subject && { subject }),
      };
      const column = subject?.path.column ?? '';
      const rows = await this.fetch(read, { by: 'equal', columns: [column], tuples: [[id]] });
      counts.push(rows.length);
    }
    return counts;
  }

  /** Asks nothing: an API has no catalog, so only what is configured can be checked. */
  check(
    types: readonly DomainType[],
    domain: readonly DomainType[] = types,
  ): Promise<readonly Problem[]> {
    return Promise.resolve(checkTypes(types, domain, this.#options.tables));
  }

  subjectKind({ table, subject }: DomainType): string | undefined {
    return subject && this.#options.tables.get(table.name)?.ids;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #ask(read: ReadPlan, find: Find, reading: Reading): Promise<Values[]> {
    const question = this.#questionFor(read, find);
    const { table, column, parameter, values, first } = question;
    const shape = shapeOf(read, table, column);
    const wanted = possibleValues(values, shape.matched.kind, table);
    const base = requestBase(this.#prefix, read, table, column);
    const requests = buildRequests(base, parameter, wanted, table);
    const found: Values[][] = requests.map(() => []);
    let count = 0;
    let next = 0;
    const work = async (): Promise<void> => {
      for (let i = next++; i < requests.length; i = next++) {
        const request = requests[i];
        if (request === undefined) return;
        this.#options.onStatement?.(describeRequest(base, parameter));
        const answer = await this.#client.get(request.target, reading);
        const rows = readRows(answer, shape, request.asked, first);
        count += rows.length;
        if (count > this.maxRows) throw tooManyRows(this.name, this.maxRows);
        found[i] = rows;
      }
    };
    await Promise.all(Array.from({ length: this.#options.poolSize }, work));
    return found.flat();
  }

  /** One person's rows are few: all are asked for, and put into an order here. */
  async #aboutPerson(
    read: ReadPlan,
    find: Extract<Find, { readonly by: 'subject' }>,
    reading: Reading,
  ): Promise<Values[]> {
    const width = read.columns.length;
    const keys = read.key.length;
    const found = await this.#ask(
      { ...read, columns: [...read.columns, ...read.key] },
      { by: 'equal', columns: [read.subject?.path.column ?? ''], tuples: [[find.id]] },
      reading,
    );
    const textOf = (value: unknown): string => idText(value, 'text') ?? '';
    const keyed = found
      .map((values) => ({ values, key: values.slice(width, width + keys).map(textOf) }))
      .filter(({ key }) => find.after === undefined || compareKeys(key, find.after) > 0)
      .sort((a, b) => compareKeys(a.key, b.key));
    return keyed
      .slice(0, find.limit)
      .map(({ values, key }) => [
        ...values.slice(0, width),
        ...values.slice(width + keys, -1),
        ...key,
      ]);
  }

  /** @throws RestFailure for what `checkTypes` would have refused at start */
  #questionFor(read: ReadPlan, find: Find): Question {
    const table = this.#options.tables.get(read.table);
    const [column, second] = find.by === 'equal' ? find.columns : [];
    const parameter = column === undefined ? undefined : table?.by.get(column);
    const isFar = (read.subject?.path.hops.length ?? 0) > 0;
    if (find.by !== 'equal' || !table || column === undefined || parameter === undefined)
      throw new RestFailure('CANNOT_BE_ASKED');
    if (second !== undefined || isFar) throw new RestFailure('CANNOT_BE_ASKED');
    const values = find.tuples.map(([value = '']) => value);
    return { table, column, parameter, values, first: find.first ?? Infinity };
  }

  /** Where persons live, when another table of this source has it. */
  async #fillPlaces(read: ReadPlan, rows: readonly Values[], reading: Reading): Promise<void> {
    const { subject } = read;
    const place = subject?.place;
    if (!place || place.source !== read.source) return;
    if (place.table === read.table && place.id === subject.path.column) return;
    const at = read.columns.length;
    const ids = new Set(
      rows.flatMap((values) => (typeof values[at] === 'string' ? [values[at]] : [])),
    );
    const persons: ReadPlan = {
      type: subject.path.type,
      source: read.source,
      table: place.table,
      key: [place.id],
      columns: [place.column],
    };
    const tuples = [...ids].map((id) => [id]);
    const found = await this.#ask(persons, { by: 'equal', columns: [place.id], tuples }, reading);
    const byId = new Map(found.map(([where, id]) => [id, where]));
    for (const values of rows) values[at + 1] = byId.get(values[at]) ?? null;
  }

  #asSourceError(error: unknown): SourceError {
    if (error instanceof SourceError) return error;
    const { code } = error as { code?: unknown };
    const fail = (what: string, as: SourceErrorCode) =>
      new SourceError(`source \`${this.name}\` ${what}`, as, this.name, error);
    if (slow.has(code)) return fail('did not answer in time', 'SOURCE_TIMEOUT');
    return code === 'TOO_MANY_BYTES'
      ? fail(
          `sent more than ${this.#options.maxBytes} bytes for this field; ask for fewer`,
          'SOURCE_TOO_LARGE',
        )
      : fail('cannot be read', 'SOURCE_UNAVAILABLE');
  }
}
