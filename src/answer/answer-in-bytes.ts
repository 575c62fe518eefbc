import { getArgumentValues } from 'graphql';
import type { DecisionContext } from '../decision/release-rows.ts';
import type { WithheldNotes } from '../decision/withheld.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { Find, RawRows } from '../sources/source.ts';
import { AnswerBuffer } from './answer-buffer.ts';
import type { AnswerPlan, ConnectionPart, EdgePart, PagePart, RootAnswer } from './answer-plan.ts';
import { keyOf, loadRows, type LoadedRows, type Loading } from './load-rows.ts';
import { NotPlain } from './not-plain.ts';
import { RowWriter } from './write-answer.ts';

/** How lists are paged, and what stands in cursors. */
export interface Paging {
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
  readonly cursors: {
    seal(type: string, key: readonly string[]): string;
    /** @throws SaysoError when it is not one of ours for this type */
    open(type: string, cursor: string): readonly string[];
  };
}

/** What an answer in bytes needs of its operation. */
export interface BytesRequest {
  readonly answer: AnswerPlan;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly decision: DecisionContext;
  readonly paging: Paging;
  /** Most objects of one answer. */
  readonly maxObjects: number;
  readonly fetch: (read: ReadPlan, find: Find) => Promise<RawRows>;
}

/** An operation all of whose rows were read and decided: writing it needs no more of anybody. */
export interface LoadedAnswer {
  /**
   * Writes `data` as JSON.
   * @throws NotPlain where GraphQL would have an error to tell
   */
  write(out: AnswerBuffer, notes: WithheldNotes): void;
}

/** A part of a connection that shows rows. */
type Shown = Extract<ConnectionPart | EdgePart, { readonly row: unknown }>;

type Root<K extends RootAnswer['kind']> = Extract<RootAnswer, { readonly kind: K }>;

interface LoadedPage {
  readonly raw: RawRows;
  readonly count: number;
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
  /** By the part of the connection or edge that shows them. */
  readonly rows: ReadonlyMap<ConnectionPart | EdgePart, LoadedRows>;
}

type LoadedRoot =
  | { readonly root: Root<'constant'> }
  | { readonly root: Root<'one'>; readonly rows: LoadedRows | undefined }
  | { readonly root: Root<'page'>; readonly page: LoadedPage };

const loadOne = async (
  root: Root<'one'>,
  { fetch, variables }: BytesRequest,
  loading: Loading,
): Promise<LoadedRoot> => {
  const args = getArgumentValues(root.asked.field, root.asked.node, variables);
  // The SDL makes them `ID!`.
  const key = root.keyArgs.map((name) => args[name] as string);
  const raw = await fetch(root.read, { by: 'equal', columns: root.read.key, tuples: [key] });
  if (raw.count === 0) return { root, rows: undefined };
  return { root, rows: await loadRows(raw, root.row, loading, 1) };
};

const pageOf = (
  { asked, read }: Root<'page'>,
  { variables, paging }: BytesRequest,
): { readonly first: number; readonly after: readonly string[] | undefined } => {
  const args = getArgumentValues(asked.field, asked.node, variables) as {
    readonly first?: number | null;
    readonly after?: string | null;
  };
  const first = args.first ?? paging.defaultPageSize;
  if (first < 0 || first > paging.maxPageSize) throw new NotPlain('a page of no such size');
  const { after } = args;
  if (after === undefined || after === null) return { first, after: undefined };
  return { first, after: paging.cursors.open(read.type, after) };
};

const loadPage = async (
  root: Root<'page'>,
  request: BytesRequest,
  loading: Loading,
): Promise<LoadedRoot> => {
  const { first, after } = pageOf(root, request);
  const limit = first + 1;
  const raw = await request.fetch(root.read, { by: 'page', limit, ...(after && { after }) });
  const count = Math.min(raw.count, first);
  const rows = new Map<ConnectionPart | EdgePart, LoadedRows>();
  const shown = root.parts.flatMap((part): readonly Shown[] => {
    if (part.kind === 'nodes') return [part];
    return part.kind === 'edges' ? part.parts.filter((edge) => edge.kind === 'node') : [];
  });
  // Before anything is begun: nobody would wait for it.
  for (const { kind } of root.parts) {
    if (kind === 'nodes') loading.spend(count);
    if (kind === 'edges') loading.spend(2 * count);
  }
  await Promise.all(
    shown.map(async (part) => rows.set(part, await loadRows(raw, part.row, loading, count))),
  );
  const page = { raw, count, hasNext: raw.count > first, hasPrevious: after !== undefined, rows };
  return { root, page };
};

const loadRoot = (
  root: RootAnswer,
  request: BytesRequest,
  loading: Loading,
): LoadedRoot | Promise<LoadedRoot> => {
  if (root.kind === 'constant') return { root };
  return root.kind === 'one' ? loadOne(root, request, loading) : loadPage(root, request, loading);
};

/** Places 0, 1, 2 … of rows that are shown as they came. */
const inOrder = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

class AnswerWriter {
  readonly #rows: RowWriter;
  readonly #paging: Paging;

  constructor(out: AnswerBuffer, paging: Paging) {
    this.#rows = new RowWriter(out);
    this.#paging = paging;
  }

  data(roots: readonly LoadedRoot[], notes: WithheldNotes): void {
    this.#object(roots, (loaded) => this.#root(loaded));
    for (const { coordinate, reason, count, paths } of this.#rows.sites)
      notes.noteMany(coordinate, reason, count, paths);
  }

  #object<Part>(parts: readonly Part[], write: (part: Part) => void): void {
    const { out } = this.#rows;
    out.text('{');
    parts.forEach((part, i) => {
      if (i > 0) out.text(',');
      write(part);
    });
    out.text('}');
  }

  #root(loaded: LoadedRoot): void {
    const { out, path } = this.#rows;
    const { root } = loaded;
    if (root.kind === 'constant') return out.piece(root.bytes);
    out.piece(root.name);
    path.push(root.key);
    if ('page' in loaded) this.#object(loaded.root.parts, (part) => this.#part(part, loaded));
    else if ('rows' in loaded && loaded.rows) this.#rows.row(loaded.rows, 0);
    else if (root.kind === 'one' && root.nullable) out.text('null');
    else throw new NotPlain('null where the schema says that there is a value');
    path.pop();
  }

  #part(
    part: ConnectionPart,
    { root, page }: Extract<LoadedRoot, { readonly root: Root<'page'> }>,
  ): void {
    const { out, path } = this.#rows;
    if (part.kind === 'constant') return out.piece(part.bytes);
    out.piece(part.name);
    if (part.kind === 'pageInfo')
      return this.#object(part.parts, (one) => this.#info(one, root.read, page));
    path.push(part.key);
    if (part.kind === 'nodes') {
      const rows = page.rows.get(part);
      if (rows === undefined) throw new NotPlain('a list that was not read');
      this.#rows.list(rows, inOrder(page.count), 0, page.count);
    } else {
      out.text('[');
      for (let i = 0; i < page.count; i += 1) {
        if (i > 0) out.text(',');
        path.push(i);
        this.#object(part.parts, (one) => this.#edge(one, root.read, page, i));
        path.pop();
      }
      out.text(']');
    }
    path.pop();
  }

  #edge(part: EdgePart, read: ReadPlan, { raw, rows }: LoadedPage, index: number): void {
    const { out, path } = this.#rows;
    if (part.kind === 'constant') return out.piece(part.bytes);
    out.piece(part.name);
    if (part.kind === 'cursor')
      return out.string(this.#paging.cursors.seal(read.type, keyOf(raw, read, index)));
    const loaded = rows.get(part);
    if (loaded === undefined) throw new NotPlain('a node that was not read');
    path.push(part.key);
    this.#rows.row(loaded, index);
    path.pop();
  }

  #info(part: PagePart, read: ReadPlan, page: LoadedPage): void {
    const { out } = this.#rows;
    if (part.kind === 'constant') return out.piece(part.bytes);
    out.piece(part.name);
    if (part.kind === 'hasNextPage') return out.text(String(page.hasNext));
    if (part.kind === 'hasPreviousPage') return out.text(String(page.hasPrevious));
    const at = part.kind === 'startCursor' ? 0 : page.count - 1;
    if (page.count === 0) return out.text('null');
    return out.string(this.#paging.cursors.seal(read.type, keyOf(page.raw, read, at)));
  }
}

/**
 * Reads and decides all rows of an operation, a level at a time: one statement for each list of the
 * plan, whatever the rows.
 *
 * @throws NotPlain where it has to be carried out by values; ConsentMoved, LedgerError, SourceError
 *   and SaysoError as values would, which then tell where
 */
export const loadAnswer = async (request: BytesRequest): Promise<LoadedAnswer> => {
  let objects = 0;
  const loading: Loading = {
    decision: request.decision,
    variables: request.variables,
    fetch: request.fetch,
    spend: (more) => {
      objects += more;
      if (objects > request.maxObjects) throw new NotPlain('more objects than an answer may hold');
    },
  };
  const roots = await Promise.all(
    request.answer.roots.map((root) => loadRoot(root, request, loading)),
  );
  return {
    write: (out, notes) => new AnswerWriter(out, request.paging).data(roots, notes),
  };
};
