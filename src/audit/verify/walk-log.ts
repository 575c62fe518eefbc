import { SaysoError } from '../../core/errors.ts';
import { hashLeaf } from '../../tlog/merkle.ts';
import { tilePath } from '../../tlog/tile-path.ts';
import { rootOf } from '../../tlog/tiles.ts';
import { TlogError } from '../../tlog/tlog-error.ts';
import { tileWidth } from '../../tlog/tree-tail.ts';
import type { LoggedEntry } from '../entry.ts';
import { checkColumns, isEntryOf, readEntry } from './check-entry.ts';
import { compareBundle } from './compare-bundle.ts';
import { EntryOrder } from './entry-order.ts';
import type { Findings } from './findings.ts';
import { Judge } from './judge.ts';
import type { BundleRead, LogInfo, LogSource } from './log-source.ts';
import type { Mark } from './marked-tree.ts';
import { readTile, type TileRead } from './tile-reads.ts';
import { cutTiles, TileChain, widthIn } from './tile-view.ts';
import type { SignedCheckpoint } from './trust-keys.ts';

export interface WalkOptions {
  readonly source: LogSource;
  readonly info: LogInfo;
  readonly checkpoint: SignedCheckpoint;
  readonly marks: readonly Mark[];
  readonly from: number;
  readonly to: number;
  /** Entries before it are known to be gone. */
  readonly goneBefore: number;
  readonly findings: Findings;
  readonly onProgress: (done: number, total: number) => void;
}

export interface Walked {
  readonly from: number;
  readonly to: number;
  /** Whose bytes were checked. */
  readonly entries: number;
  /** Taken by retention; their hashes were checked. */
  readonly gone: number;
  readonly firstAt?: string | undefined;
  readonly lastAt?: string | undefined;
  readonly remarks: readonly string[];
}

interface Bundle {
  readonly index: number;
  readonly base: number;
  readonly width: number;
  readonly read: BundleRead;
  readonly tile: TileRead;
}

class Walk {
  readonly #options: WalkOptions;
  readonly #size: number;
  readonly #whole: boolean;
  readonly #chain: TileChain | undefined;
  readonly #judge: Judge;
  readonly #order = new EntryOrder();
  #entries = 0;
  #gone = 0;
  #goneFrom = 0;
  #goneTo = 0;
  #retained: { readonly minimum: number; readonly by: number } | undefined;

  constructor(options: WalkOptions) {
    const { checkpoint, marks, from, to, source, findings } = options;
    const { root } = checkpoint;
    const { tiles } = source;
    const size = Number(checkpoint.size);
    this.#options = options;
    this.#size = size;
    this.#whole = from === 0 && to === size;
    this.#chain = tiles && new TileChain(tiles, size, root);
    this.#judge = new Judge({ tiles, size, root, marks, findings });
  }

  async run(): Promise<Walked> {
    const { from, to, source, findings } = this.#options;
    if (!this.#whole && !source.tiles) throw needTiles();
    for await (const bundle of this.#bundles()) await this.#check(bundle);
    const top = await this.#chain?.top();
    // What is sound by the tiles alone can be read on by them.
    if (!this.#whole && top === undefined) await this.#readOn();
    this.#checkGone();
    if (this.#whole) {
      await this.#judge.whole(top);
      // What has no place of its own is told only where nothing else is wrong: it follows from that.
      for (const one of (await source.after?.(this.#size)) ?? [])
        if (one.index !== undefined || findings.count === 0) findings.add(one);
    } else await this.#judge.part(top, await this.#wrongMarks());
    return {
      ...{ from, to, entries: this.#entries, gone: this.#gone },
      firstAt: this.#order.first?.toISOString(),
      lastAt: this.#order.last?.toISOString(),
      remarks: this.#remarks(),
    };
  }

  /** Each is read while the one before it is checked. */
  async *#bundles(): AsyncGenerator<Bundle> {
    const { from, to, onProgress } = this.#options;
    const last = Math.ceil(to / tileWidth);
    let next = from < to ? this.#read(Math.floor(from / tileWidth)) : undefined;
    while (next) {
      const bundle: Bundle = await next;
      next = bundle.index + 1 < last ? this.#read(bundle.index + 1) : undefined;
      // Told when it is awaited.
      next?.catch(() => undefined);
      yield bundle;
      onProgress(Math.min(to, bundle.base + bundle.width) - from, to - from);
    }
  }

  async #read(index: number): Promise<Bundle> {
    const width = widthIn(this.#size, 0, index);
    const [read, tile] = await Promise.all([
      this.#options.source.bundle(index, width),
      this.#tile(index),
    ]);
    return { index, base: index * tileWidth, width, read, tile };
  }

  #tile(index: number): Promise<TileRead> {
    return readTile(this.#options.source.tiles, this.#size, 0, index);
  }

  #isAsked(index: number): boolean {
    return index >= this.#options.from && index < this.#options.to;
  }

  async #check(bundle: Bundle): Promise<void> {
    const { index, base, width, read, tile } = bundle;
    const { findings } = this.#options;
    const { hashes, fault } = tile;
    for (const one of read.findings)
      if (one.index === undefined || this.#isAsked(one.index)) findings.add(one);
    const leaves = Array.from({ length: width }, (_, i) => this.#leaf(bundle, i));
    if (fault !== undefined) {
      // The database makes it of the entries' own rows.
      const lacking = leaves.findIndex((leaf) => leaf === undefined);
      const at = hashes.length > 0 ? hashes.length : Math.max(0, lacking);
      findings.add({ index: base + at, where: tilePath(0, index, width), what: fault });
    }
    const wrong = await compareBundle({
      base,
      // One that is not there was told of, and is no reason to say that others moved.
      leaves: leaves.map((leaf, i) => leaf ?? hashes[i]),
      hashes,
      neighbour: async (step) => (await this.#tile(index + step)).hashes,
    });
    const verdict = await this.#chain?.check(0, index, hashes);
    const asked = wrong.filter((one) => this.#isAsked(one.index));
    this.#judge.compared({ index, leaves, hashes, wrong: asked, verdict });
    if (this.#whole) await this.#judge.grow({ leaves, hashes });
  }

  /** Hash of an entry; `undefined` where it is not there. */
  #leaf({ base, read, tile }: Bundle, i: number): Buffer | undefined {
    const { findings, info } = this.#options;
    const index = base + i;
    const bytes = read.entries[i];
    if (!this.#isAsked(index)) return bytes && hashLeaf(bytes);
    if (bytes) {
      const leaf = hashLeaf(bytes);
      this.#entries += 1;
      this.#readEntry(index, bytes, leaf, read, tile.hashes[i]);
      return leaf;
    }
    this.#order.skip();
    if (index < info.minimumIndex && tile.hashes[i]) {
      if (this.#gone === 0) this.#goneFrom = index;
      this.#gone += 1;
      this.#goneTo = index + 1;
    } else findings.add({ index, where: 'entry', what: 'it is missing' });
    return undefined;
  }

  #readEntry(
    index: number,
    bytes: Buffer,
    leaf: Buffer,
    { columns }: BundleRead,
    hash: Buffer | undefined,
  ): void {
    const { findings } = this.#options;
    const entry = readEntry(bytes);
    const row = columns?.[index % tileWidth];
    for (const what of row ? checkColumns(row, entry, leaf) : [])
      findings.add({ index, where: 'entry', what });
    if (typeof entry === 'string') {
      this.#order.skip();
      // Else it is not the one that was logged anyway, and that is said.
      if (!hash || hash.equals(leaf)) findings.add({ index, where: 'entry', what: entry });
      return;
    }
    for (const what of this.#order.add(entry, index)) findings.add({ index, where: 'entry', what });
    this.#heedRetention(entry, index);
  }

  #heedRetention(entry: LoggedEntry, index: number): void {
    if (entry.kind !== 'retention') return;
    for (const [log, minimum] of entry.logs)
      if (log === this.#options.checkpoint.origin && minimum > (this.#retained?.minimum ?? 0))
        this.#retained = { minimum, by: index };
  }

  get #goneSaid(): number {
    return Math.max(this.#retained?.minimum ?? 0, this.#options.goneBefore);
  }

  /**
   * The entry by which retention says what it takes lies behind what it took: where a part is
   * verified, often behind that. Only entries that the tiles prove count, and nothing else is said of
   * them.
   */
  async #readOn(): Promise<void> {
    const { to } = this.#options;
    for (let index = Math.floor(to / tileWidth); index * tileWidth < this.#size; index += 1) {
      if (this.#goneTo <= this.#goneSaid) return;
      const { base, read, tile } = await this.#read(index);
      const verdict = await this.#chain?.check(0, index, tile.hashes);
      if (verdict?.sound !== true) continue;
      for (const [i, bytes] of read.entries.entries()) {
        const hash = tile.hashes[i];
        if (base + i < to || !bytes || !hash || !isEntryOf(bytes, hash)) continue;
        const entry = readEntry(bytes);
        if (typeof entry !== 'string') this.#heedRetention(entry, base + i);
      }
    }
  }

  /** Earlier states that the tiles do not lead to. */
  async #wrongMarks(): Promise<readonly Mark[]> {
    const { source, marks, findings } = this.#options;
    const wrong: Mark[] = [];
    for (const mark of marks) {
      try {
        const root = source.tiles && (await rootOf(cutTiles(source.tiles, this.#size), mark.size));
        if (root?.equals(mark.root) !== true) wrong.push(mark);
      } catch (error) {
        if (!(error instanceof TlogError)) throw error;
        findings.add({ where: 'tiles', what: error.message });
      }
    }
    return wrong;
  }

  /** Retention says in the log what it takes. Without that, who removed entries may call it so. */
  #checkGone(): void {
    const { findings } = this.#options;
    const said = this.#goneSaid;
    if (this.#goneTo <= said) return;
    const what = `it and others up to ${this.#goneTo - 1} are gone, and no entry says that retention took them`;
    findings.add({ index: Math.max(said, this.#goneFrom), where: 'entry', what });
  }

  #remarks(): readonly string[] {
    const remarks: string[] = [];
    if (this.#gone > 0) {
      const by = this.#retained ? `, as entry ${this.#retained.by} says` : '';
      remarks.push(`${this.#gone} entries are gone${by}; their hashes were checked`);
    }
    const { back } = this.#order;
    if (back) {
      const what = 'entries are more than a minute older than one before them';
      remarks.push(`${back.count} ${what}, the first of them entry ${back.index}`);
    }
    return remarks;
  }
}

const needTiles = (): SaysoError =>
  new SaysoError('a part of a log is verified by its tiles, and there are none here', {
    code: 'AUDIT_TILES_MISSING',
    status: 400,
  });

/** Reads a log once, in its order, and compares everything with everything. */
export const walkLog = (options: WalkOptions): Promise<Walked> => new Walk(options).run();
