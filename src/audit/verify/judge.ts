import { tilePath } from '../../tlog/tile-path.ts';
import type { TileReader } from '../../tlog/tiles.ts';
import { tileWidth } from '../../tlog/tree-tail.ts';
import type { TileVerdict } from './tile-view.ts';
import { hashesOf, rootOfHashes, widthIn } from './tile-view.ts';
import type { Mismatch } from './compare-bundle.ts';
import { Findings } from './findings.ts';
import { MarkedTree, type MadeTile, type Mark } from './marked-tree.ts';
import { readTile } from './tile-reads.ts';

export interface JudgeOptions {
  readonly tiles: TileReader | undefined;
  readonly size: number;
  readonly root: Buffer;
  readonly marks: readonly Mark[];
  readonly findings: Findings;
}

/** A bundle whose entries and hashes were compared. */
export interface Compared {
  readonly index: number;
  readonly leaves: readonly (Buffer | undefined)[];
  readonly hashes: readonly Buffer[];
  readonly wrong: readonly Mismatch[];
  readonly verdict: TileVerdict | undefined;
}

/** Bundles whose tile may be wrong are remembered, in bounds. */
const mostDoubted = 1_000;

/**
 * Where entries and tiles differ, one of them is wrong. Which one is known when all were read: the
 * right ones make the root that is signed.
 */
export class Judge {
  readonly #options: JudgeOptions;
  /** Out of entries; of one that is not there its hash. */
  readonly #byEntries: MarkedTree;
  /** Out of the tiles' hashes alone. */
  readonly #byTiles: MarkedTree;
  readonly #entryFaults = new Findings();
  /** Told by the tile above. */
  readonly #tileFaults = new Findings();
  /** The tile's, if the entries turn out right. */
  readonly #doubts = new Findings();
  readonly #doubted: number[] = [];
  readonly #broken = new Findings();
  readonly #aboveEntries = new Findings();
  readonly #aboveTiles = new Findings();
  #lastBroken = '';

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.#byEntries = new MarkedTree(options.marks);
    this.#byTiles = new MarkedTree(options.marks);
  }

  /** Says of a bundle which of entries and tile is wrong, as far as the tiles above tell. */
  compared({ index, leaves, hashes, wrong, verdict }: Compared): void {
    const [first] = wrong;
    const where = tilePath(0, index, leaves.length);
    if (verdict?.broken !== undefined && verdict.broken !== this.#lastBroken) {
      this.#lastBroken = verdict.broken;
      const what = 'it does not fit the tile above it';
      this.#broken.add({ index: index * tileWidth, where: verdict.broken, what });
    }
    if (!first || hashes.length === 0) return;
    if (this.#doubted.length < mostDoubted) this.#doubted.push(first.index);
    const tileFault = {
      index: first.index,
      where,
      what: `its hash ${first.index % tileWidth} is not that of the entry`,
    };
    const whole = leaves.flatMap((leaf) => (leaf ? [leaf] : []));
    const isEntries =
      whole.length === tileWidth && verdict?.root?.equals(rootOfHashes(whole)) === true;
    if (verdict?.sound === false && isEntries) {
      this.#tileFaults.add(tileFault);
      return;
    }
    this.#doubts.add(tileFault);
    for (const { index: at, what } of wrong)
      this.#entryFaults.add({ index: at, where: 'entry', what });
  }

  /** Takes the leaves of a whole log in, in order. */
  async grow({ leaves, hashes }: Pick<Compared, 'leaves' | 'hashes'>): Promise<void> {
    for (const [i, leaf] of leaves.entries()) {
      const hash = hashes[i];
      for (const made of this.#byEntries.add(leaf ?? hash))
        await this.#compareTile(made, this.#aboveEntries);
      for (const made of this.#byTiles.add(hash)) await this.#compareTile(made, this.#aboveTiles);
    }
  }

  /** @param top what is wrong with the tiles at the right edge */
  async whole(top: string | undefined): Promise<void> {
    const { findings, root, tiles } = this.#options;
    for (const made of this.#byEntries.partial) await this.#compareTile(made, this.#aboveEntries);
    for (const made of this.#byTiles.partial) await this.#compareTile(made, this.#aboveTiles);
    if (this.#byEntries.root?.equals(root) === true) {
      findings.addAll(this.#tileFaults, this.#doubts, this.#aboveEntries);
      await this.#judgeMarks(this.#byEntries.wrong);
      return;
    }
    findings.addAll(this.#entryFaults, this.#tileFaults, this.#aboveTiles);
    if (this.#byTiles.root?.equals(root) === true) {
      await this.#judgeMarks(this.#byTiles.wrong);
      return;
    }
    if (tiles && top !== undefined) findings.add({ where: 'tiles', what: top });
    if (this.#byEntries.root) this.#sayRoot();
    await this.#judgeMarks((this.#byEntries.root ? this.#byEntries : this.#byTiles).wrong);
  }

  /** @param wrong marks that the tiles do not lead to */
  async part(top: string | undefined, wrong: readonly Mark[]): Promise<void> {
    const { findings } = this.#options;
    if (top !== undefined) findings.add({ where: 'tiles', what: top });
    findings.addAll(this.#entryFaults, this.#tileFaults, this.#broken);
    await this.#judgeMarks(wrong);
  }

  /** Compares a tile as it was made with the one that is there. */
  async #compareTile({ level, index, hashes }: MadeTile, found: Findings): Promise<void> {
    const { tiles, size } = this.#options;
    if (!tiles) return;
    const { hashes: kept, fault } = await readTile(tiles, size, level, index);
    const made = hashesOf(hashes);
    const span = tileWidth ** level;
    const placeOf = (i: number): number => (index * tileWidth + i) * span;
    // A tile that was made of a wrong one is told of by that.
    const isExcused = (i: number): boolean =>
      this.#doubted.some((at) => at >= placeOf(i) && at < placeOf(i + 1));
    const wrong = made.findIndex((hash, i) => kept[i]?.equals(hash) !== true && !isExcused(i));
    if (wrong < 0) return;
    found.add({
      index: placeOf(wrong),
      where: tilePath(level, index, made.length),
      what: fault ?? `its hash ${wrong} is not that of the tile below it`,
    });
  }

  #sayRoot(): void {
    const { findings, size } = this.#options;
    const located = findings.first !== undefined;
    const what = `the entries do not make the root that was signed for ${size}`;
    const range = `which of them was changed cannot be told from what is here: one from ${this.#held()} to ${size - 1}`;
    findings.add({ where: 'log', what: located ? what : `${what}; ${range}` });
  }

  /** Up to where the log is as an earlier checkpoint had it. */
  #held(): number {
    const { marks } = this.#options;
    const wrong = new Set(this.#byEntries.wrong);
    return Math.max(0, ...marks.filter((mark) => !wrong.has(mark)).map(({ size }) => size));
  }

  async #judgeMarks(wrong: readonly Mark[]): Promise<void> {
    for (const mark of wrong) {
      const index = await this.#firstChanged(mark);
      const what =
        index === undefined
          ? `history was changed before entry ${mark.size}: it is not as ${mark.name} has it`
          : `history was changed: entry ${index} is not what it was at ${mark.name}`;
      this.#options.findings.add({ index, where: 'log', what });
    }
  }

  /** The first entry whose hash is another in tiles that were kept. */
  async #firstChanged({ size, tiles }: Mark): Promise<number | undefined> {
    if (!tiles) return undefined;
    for (let index = 0; index * tileWidth < size; index += 1) {
      const now = await readTile(this.#options.tiles, this.#options.size, 0, index);
      const kept = hashesOf(await tiles.tile(0, index, widthIn(size, 0, index)));
      const at = kept.findIndex((hash, i) => now.hashes[i]?.equals(hash) !== true);
      if (at >= 0) return index * tileWidth + at;
    }
    return undefined;
  }
}
