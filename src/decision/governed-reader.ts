import DataLoader from 'dataloader';
import { SourceError, tooManyRows } from '../core/errors.ts';
import type { JoinMember, JoinPlan, ReadPlan, RowPlan } from '../policy/plan.ts';
import type { Find, Row, Source, Sources } from '../sources/source.ts';
import { asText, releaseRows, type DecisionContext } from './release-rows.ts';
import type { ReleasedRow } from './released.ts';

/** A page of rows, decided for each position of the answer by itself. */
export interface Page {
  readonly rows: readonly Row[];
  /** The key of each row, as cursors name it. */
  readonly keys: readonly (readonly string[])[];
  readonly hasNext: boolean;
}

/** Where the value that a row was found by stands: behind columns, subject and place. */
export const tailOf = (read: ReadPlan): number => {
  const { subject } = read;
  const place = subject?.place !== undefined && subject.place.source === read.source;
  return read.columns.length + (subject ? 1 : 0) + (place ? 1 : 0);
};

/**
 * Reads rows for one operation and gives only released ones. Batches by DataLoader: one statement
 * per level of the query and type, however many rows.
 */
export class GovernedReader {
  readonly #sources: Sources;
  readonly #decision: DecisionContext;
  readonly #loaders = new Map<
    JoinPlan,
    Map<number | undefined, DataLoader<string, readonly ReleasedRow[]>>
  >();

  constructor(sources: Sources, decision: DecisionContext) {
    this.#sources = sources;
    this.#decision = decision;
  }

  /** The row with this key, or nothing. */
  async one(
    read: ReadPlan,
    plan: RowPlan,
    key: readonly string[],
    columns: readonly string[] = read.key,
  ): Promise<ReleasedRow | undefined> {
    const rows = await this.#fetch(read, { by: 'equal', columns, tuples: [key] });
    return (await this.release(rows.slice(0, 1), plan))[0];
  }

  /** Rows in the order of their key, not yet decided: each position of the answer does that for itself. */
  async page(read: ReadPlan, first: number, after: readonly string[] | undefined): Promise<Page> {
    const rows = await this.#fetch(read, { by: 'page', limit: first + 1, ...(after && { after }) });
    const tail = tailOf(read);
    const shown = rows.slice(0, first);
    return {
      rows: shown,
      keys: shown.map(({ values }) => read.key.map((_, i) => asText(values[tail + i]) ?? '')),
      hasNext: rows.length > first,
    };
  }

  /** Decides rows for one position of the answer; a row that may not be listed is \`undefined\`. */
  async release(
    rows: readonly Row[],
    plan: RowPlan,
    wanted?: (index: number) => boolean,
  ): Promise<readonly (ReleasedRow | undefined)[]> {
    const places = await this.#places(rows, plan.read);
    try {
      return await releaseRows(rows, plan, places, this.#decision, wanted);
    } catch (error) {
      this.#decision.onFault(error);
      throw error;
    }
  }

  /** The rows behind a join for one value, batched with all others that ask in the same turn. */
  async join(
    join: JoinPlan,
    value: string,
    first: number | undefined,
  ): Promise<readonly ReleasedRow[]> {
    let byFirst = this.#loaders.get(join);
    if (byFirst === undefined) {
      byFirst = new Map<number | undefined, DataLoader<string, readonly ReleasedRow[]>>();
      this.#loaders.set(join, byFirst);
    }
    let loader = byFirst.get(first);
    if (loader === undefined) {
      loader = new DataLoader((values) => this.#joinAll(join, values, first));
      byFirst.set(first, loader);
    }
    return loader.load(value);
  }

  async #joinAll(
    join: JoinPlan,
    values: readonly string[],
    first: number | undefined,
  ): Promise<(readonly ReleasedRow[])[]> {
    const read = await Promise.all(
      join.members.map((member) => this.#readMember(member, values, first)),
    );
    const found = new Map<string, ReleasedRow[]>(values.map((value) => [value, []]));
    // One member after the other: what `first` cuts off must be known before anything is recorded.
    for (const [i, member] of join.members.entries()) {
      const rows = read[i];
      if (rows) await this.#releaseMember(member, rows, first ?? Infinity, found);
      else await this.#sift(member, values, first ?? Infinity, found);
    }
    return values.map((value) => found.get(value) ?? []);
  }

  /** The rows of a member, or nothing where a gate says which of them may be seen at all. */
  async #readMember(
    { read, row, on, via }: JoinMember,
    values: readonly string[],
    first: number | undefined,
  ): Promise<readonly Row[] | undefined> {
    if (row.gates.length > 0) return undefined;
    const cut = first === undefined ? {} : { first };
    return this.#fetch(
      read,
      via
        ? { by: 'via', table: via.table, on: via.on, to: via.to, values, ...cut }
        : { by: 'equal', columns: [on], tuples: values.map((value) => [value]), ...cut },
    );
  }

  /**
   * Reads rows that a gate may hide, batch by batch. Hidden rows neither take the place of others
   * nor count towards the most that may be read: both would tell how many there are.
   */
  async #sift(
    member: JoinMember,
    values: readonly string[],
    first: number,
    found: ReadonlyMap<string, ReleasedRow[]>,
  ): Promise<void> {
    const { read, row: plan, on, closed } = member;
    if (closed) {
      this.#decision.recorder.noteClosed(plan);
      return;
    }
    const limit = this.#source(read).maxRows;
    const keyAt = tailOf(read) + 1;
    let shown = 0;
    let after: readonly string[] | undefined;
    for (;;) {
      const among = { column: on, values };
      const rows = await this.#fetch(read, { by: 'page', among, limit, ...(after && { after }) });
      shown += await this.#releaseMember(member, rows, first, found);
      if (shown > limit) throw tooManyRows(read.source, limit);
      const last = rows.at(-1);
      const full = [...found.values()].every((group) => group.length >= first);
      if (last === undefined || rows.length < limit || full) return;
      after = read.key.map((_, i) => asText(last.values[keyAt + i]) ?? '');
    }
  }

  /** Releases rows into the groups of their values, as far as there is room. @returns how many */
  async #releaseMember(
    { read, row: plan }: JoinMember,
    rows: readonly Row[],
    first: number,
    found: ReadonlyMap<string, ReleasedRow[]>,
  ): Promise<number> {
    const tail = tailOf(read);
    const groups = rows.map(({ values }) => found.get(asText(values[tail]) ?? ''));
    const room = new Map([...found.values()].map((group) => [group, first - group.length]));
    const released = await this.release(rows, plan, (i) => {
      const group = groups[i];
      const left = group === undefined ? 0 : (room.get(group) ?? 0);
      if (group === undefined || left <= 0) return false;
      room.set(group, left - 1);
      return true;
    });
    let count = 0;
    released.forEach((row, i) => {
      if (row === undefined) return;
      groups[i]?.push(row);
      count += 1;
    });
    return count;
  }

  /** Where each row's person lives, when a decision turns on it. */
  async #places(rows: readonly Row[], read: ReadPlan): Promise<readonly unknown[] | undefined> {
    const { subject } = read;
    if (!subject?.place) return undefined;
    const at = read.columns.length;
    if (subject.place.source === read.source) return rows.map(({ values }) => values[at + 1]);
    const { source, table, id, column } = subject.place;
    const ids = new Set(rows.flatMap(({ values }) => asText(values[at]) ?? []));
    const persons: ReadPlan = {
      type: subject.path.type,
      source,
      table,
      key: [id],
      columns: [column],
    };
    const found = await this.#fetch(persons, {
      by: 'equal',
      columns: [id],
      tuples: [...ids].map((one) => [one]),
    });
    const byId = new Map(found.map(({ values }) => [asText(values[1]), values[0]]));
    return rows.map(({ values }) => byId.get(asText(values[at])));
  }

  #source({ source: name }: ReadPlan): Source {
    const source = this.#sources.get(name);
    if (source) return source;
    throw new SourceError(`source \`${name}\` is not there`, 'SOURCE_UNAVAILABLE', name);
  }

  async #fetch(read: ReadPlan, find: Find): Promise<readonly Row[]> {
    return this.#source(read).fetch(read, find, { gpc: this.#decision.gpc === true });
  }
}
