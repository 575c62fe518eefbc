import { AnswerTooLargeError } from '../core/errors.ts';
import type { WithheldNotes } from '../decision/withheld.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { RawRows } from '../sources/source.ts';
import type { AnswerBuffer } from './answer-buffer.ts';
import type { ConnectionPart, EdgePart, PagePart, RootAnswer } from './answer-plan.ts';
import { countObjects } from './count-objects.ts';
import { keyOf, type LoadedRows } from './load-rows.ts';
import { NotPlain } from './not-plain.ts';
import { RowWriter } from './write-rows.ts';

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

export type Root<K extends RootAnswer['kind']> = Extract<RootAnswer, { readonly kind: K }>;

/** A page of rows, decided for each position of the answer by itself. */
export interface LoadedPage {
  readonly raw: RawRows;
  readonly count: number;
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
  /** By the part of the connection or edge that shows them. */
  readonly rows: ReadonlyMap<ConnectionPart | EdgePart, LoadedRows>;
}

/** A root field with its rows. */
export type LoadedRoot =
  | { readonly root: Root<'constant'> }
  | { readonly root: Root<'one'>; readonly rows: LoadedRows | undefined }
  | { readonly root: Root<'page'>; readonly page: LoadedPage };

let places = new Int32Array(0);

/** Places 0, 1, 2 … of rows that are shown as they came, and more behind them. */
const inOrder = (count: number): Int32Array => {
  if (places.length < count) places = Int32Array.from({ length: 2 * count }, (_, i) => i);
  return places;
};

/** Writes what was loaded of all roots as one object. */
export class AnswerWriter {
  readonly #rows: RowWriter;
  readonly #paging: Paging;
  readonly #maxObjects: number;

  /** @param maxObjects most objects of one answer, each counted as often as it is written */
  constructor(out: AnswerBuffer, paging: Paging, maxObjects: number) {
    this.#rows = new RowWriter(out, maxObjects);
    this.#paging = paging;
    this.#maxObjects = maxObjects;
  }

  /** @throws AnswerTooLargeError before anything is written, where that is foreseen */
  data(roots: readonly LoadedRoot[], notes: WithheldNotes): void {
    // To find out by writing would keep others waiting for a second or more.
    if (countObjects(roots) > this.#maxObjects) throw new AnswerTooLargeError(this.#maxObjects);
    this.#object(roots, (loaded) => this.#root(loaded));
    for (const site of this.#rows.sites) notes.noteSite(site);
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

  #constant(bytes: Buffer): void {
    this.#rows.out.room(bytes.length);
    this.#rows.out.piece(bytes);
  }

  #root(loaded: LoadedRoot): void {
    const { out } = this.#rows;
    const { root } = loaded;
    if (root.kind === 'constant') {
      this.#constant(root.bytes);
      return;
    }
    this.#constant(root.name);
    if ('page' in loaded) this.#object(loaded.root.parts, (part) => this.#part(part, loaded));
    else if ('rows' in loaded && loaded.rows) this.#rows.row(loaded.rows, 0);
    else if (root.kind === 'one' && root.nullable) out.text('null');
    else throw new NotPlain('null where the schema says that there is a value');
  }

  #part(
    part: ConnectionPart,
    { root, page }: Extract<LoadedRoot, { readonly root: Root<'page'> }>,
  ): void {
    const { out, indices } = this.#rows;
    if (part.kind === 'constant') {
      this.#constant(part.bytes);
      return;
    }
    this.#constant(part.name);
    if (part.kind === 'pageInfo') {
      this.#object(part.parts, (one) => this.#info(one, root.read, page));
      return;
    }
    if (part.kind === 'nodes') {
      const rows = page.rows.get(part);
      if (rows === undefined) throw new NotPlain('a list that was not read');
      this.#rows.spend(page.count);
      this.#rows.list(rows, inOrder(page.count), 0, page.count);
    } else {
      this.#rows.spend(2 * page.count);
      out.text('[');
      for (let i = 0; i < page.count; i += 1) {
        if (i > 0) out.text(',');
        indices.push(i);
        this.#object(part.parts, (one) => this.#edge(one, root.read, page, i));
        indices.pop();
      }
      out.text(']');
    }
  }

  #edge(part: EdgePart, read: ReadPlan, { raw, rows }: LoadedPage, index: number): void {
    const { out } = this.#rows;
    if (part.kind === 'constant') {
      this.#constant(part.bytes);
      return;
    }
    this.#constant(part.name);
    if (part.kind === 'cursor') {
      out.string(this.#paging.cursors.seal(read.type, keyOf(raw, read, index)));
      return;
    }
    const loaded = rows.get(part);
    if (loaded === undefined) throw new NotPlain('a node that was not read');
    this.#rows.row(loaded, index);
  }

  #info(part: PagePart, read: ReadPlan, page: LoadedPage): void {
    const { out } = this.#rows;
    if (part.kind === 'constant') {
      this.#constant(part.bytes);
      return;
    }
    this.#constant(part.name);
    if (part.kind === 'hasNextPage') out.text(String(page.hasNext));
    else if (part.kind === 'hasPreviousPage') out.text(String(page.hasPrevious));
    else if (page.count === 0) out.text('null');
    else {
      const at = part.kind === 'startCursor' ? 0 : page.count - 1;
      out.string(this.#paging.cursors.seal(read.type, keyOf(page.raw, read, at)));
    }
  }
}
