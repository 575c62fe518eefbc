import { getArgumentValues } from 'graphql';
import { AnswerTooLargeError } from '../core/errors.ts';
import type { DecisionContext } from '../decision/release-rows.ts';
import type { WithheldNotes } from '../decision/withheld.ts';
import type { Find } from '../sources/source.ts';
import type { AnswerBuffer } from './answer-buffer.ts';
import type { AnswerPlan, ConnectionPart, EdgePart, RootAnswer } from './answer-plan.ts';
import { loadRows, type LoadedRows, type Loading } from './load-rows.ts';
import { eachAtOnce } from './each-at-once.ts';
import { NotPlain } from './not-plain.ts';
import { readRows, type AnswerReads } from './rows-along.ts';
import { AnswerWriter, type LoadedRoot, type Paging, type Root } from './write-answer.ts';

/** What an answer in bytes needs of its operation. */
export interface BytesRequest {
  readonly answer: AnswerPlan;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly decision: DecisionContext;
  readonly paging: Paging;
  /** Most objects of one answer. */
  readonly maxObjects: number;
  readonly reads: AnswerReads;
}

/** An operation all of whose rows were read and decided: writing it needs no more of anybody. */
export interface LoadedAnswer {
  /**
   * Writes `data` as JSON.
   * @throws NotPlain where GraphQL would have an error to tell
   */
  write(out: AnswerBuffer, notes: WithheldNotes): void;
}

const loadOne = async (
  root: Root<'one'>,
  request: BytesRequest,
  loading: Loading,
): Promise<LoadedRoot> => {
  const args = getArgumentValues(root.asked.field, root.asked.node, request.variables);
  // The SDL makes them `ID!`.
  const key = root.keyArgs.map((name) => args[name] as string);
  const find: Find = { by: 'equal', columns: root.read.key, tuples: [key] };
  const { raw, along } = await readRows(root, find, 1, request.reads);
  if (raw.count === 0) return { root, rows: undefined };
  return { root, rows: await loadRows(raw, root.row, loading, 1, undefined, { along }) };
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
  const find: Find = after ? { by: 'page', limit, after } : { by: 'page', limit };
  const { raw, along } = await readRows(root, find, first, request.reads);
  const count = Math.min(raw.count, first);
  const rows = new Map<ConnectionPart | EdgePart, LoadedRows>();
  // Before anything is begun: nobody would wait for it.
  for (const { kind } of root.parts) {
    if (kind === 'nodes') loading.spend(count);
    if (kind === 'edges') loading.spend(2 * count);
  }
  await eachAtOnce(root.shown, async (part) => {
    rows.set(part, await loadRows(raw, part.row, loading, count, undefined, { along }));
  });
  const page = { raw, count, hasNext: raw.count > first, hasPrevious: after !== undefined, rows };
  return { root, page };
};

const loadRoot = (
  root: RootAnswer,
  request: BytesRequest,
  loading: Loading,
): Promise<LoadedRoot> => {
  if (root.kind === 'constant') return Promise.resolve({ root });
  return root.kind === 'one' ? loadOne(root, request, loading) : loadPage(root, request, loading);
};

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
    reads: request.reads,
    spend: (more) => {
      objects += more;
      if (objects > request.maxObjects) throw new AnswerTooLargeError(request.maxObjects);
    },
  };
  const { roots: asked } = request.answer;
  const roots = new Array<LoadedRoot>(asked.length);
  await eachAtOnce(asked, async (root, i) => {
    roots[i] = await loadRoot(root, request, loading);
  });
  return {
    write: (out, notes) =>
      new AnswerWriter(out, request.paging, request.maxObjects).data(roots, notes),
  };
};
