import type { TileReader } from '../../tlog/tiles.ts';
import { TreeTail, type FullTile } from '../../tlog/tree-tail.ts';

/** An earlier state that the log must be a continuation of. */
export interface Mark {
  readonly size: number;
  readonly root: Buffer;
  readonly name: string;
  /** Hashes of that time, where they were kept. */
  readonly tiles?: TileReader | undefined;
}

/** A tile as the leaves make it. */
export type MadeTile = Pick<FullTile, 'level' | 'index' | 'hashes'>;

/** A tree that grows leaf by leaf, and is compared with what it was at earlier sizes. */
export class MarkedTree {
  readonly wrong: Mark[] = [];
  /** Absent from the first leaf on that is not known. */
  #tail: TreeTail | undefined = new TreeTail();
  readonly #marks: readonly Mark[];

  constructor(marks: readonly Mark[]) {
    this.#marks = marks;
    this.#compare();
  }

  /** @returns tiles above the lowest level that it filled */
  add(leaf: Buffer | undefined): readonly MadeTile[] {
    if (!leaf) this.#tail = undefined;
    const full = leaf && this.#tail?.append(leaf);
    this.#compare();
    return full?.filter(({ level }) => level > 0) ?? [];
  }

  get root(): Buffer | undefined {
    return this.#tail?.root();
  }

  /** Tiles above the lowest level that are not full. */
  get partial(): readonly MadeTile[] {
    return this.#tail?.partialTiles().filter(({ level }) => level > 0) ?? [];
  }

  #compare(): void {
    const tail = this.#tail;
    if (!tail) return;
    for (const mark of this.#marks)
      if (mark.size === tail.size && !mark.root.equals(tail.root())) this.wrong.push(mark);
  }
}
