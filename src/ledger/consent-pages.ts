import type { FoldedStates } from './fold-events.ts';

/** Small, because persons asked for together have numbers that lie far apart. */
const pageBits = 7;
const pageSize = 1 << pageBits;
const slotMask = pageSize - 1;
const fewestPages = 16;

/** Where a subject starts who is not held. */
export const notHeld = -1;

/** In front of a subject's pairs: not loaded, loaded, and loaded with a yes that ends some time. */
const Mark = { none: 0, loaded: 1, ending: 2 } as const;

/** What deciding reads of say-so. Nothing is awaited between one reading and the next. */
export interface SaidBytes {
  /** One byte of `FoldedStates.states` for each subject and pair; where one starts is told apart. */
  readonly states: Uint8Array;
  /** Whether some yes ends of the one who starts there: few do, so `endOf` is not asked of others. */
  hasEnd(start: number): boolean;
  /** When the yes at a place in `states` stops counting, in microseconds since 1970. */
  endOf(at: number): number;
}

const grown = <T extends Uint8Array | Float64Array>(into: T, from: T): T => {
  into.set(from);
  return into;
};

/**
 * Say-so by subject number, in memory and bounded. Numbers below 0 stand for nobody: passed over.
 *
 * All pages lie in one array, in frames: a subject is found by two steps, with no object on the way.
 * What deciding reads of one subject lies together, the mark in front of the pairs.
 */
export class ConsentPages implements SaidBytes {
  /** Bytes of one subject: the mark, and the pairs. */
  readonly #stride: number;
  readonly #maxPages: number;
  /** Page → frame. Longest kept first. */
  readonly #pages = new Map<number, number>();
  /** The same, with the frame + 1 at the page's number, 0 where it is not kept: numbers are dense. */
  #frameOf = new Int32Array(fewestPages);
  /** The length of it. */
  #numbered = fewestPages;
  /** How many frames were ever taken. */
  #frames = 0;
  /** Those of them that were given up. */
  #free: number[] = [];
  #states = new Uint8Array(0);
  /** Newest position that concerns the subject, as loaded. */
  #changed = new Float64Array(0);
  /** By frame: asked for since pages were last given up. It then stays for another round. */
  #used = new Uint8Array(0);
  /** By frame: place in `states` → microseconds since 1970. Few grants expire. */
  #ends: (Map<number, number> | undefined)[] = [];
  /** The highest there ever was in `#changed`: mostly it spares looking there. */
  #newest = 0;

  constructor(pairs: number, maxSubjects: number) {
    this.#stride = pairs + 1;
    this.#maxPages = Math.max(1, Math.ceil(maxSubjects / pageSize));
  }

  get states(): Uint8Array {
    return this.#states;
  }

  hasEnd(start: number): boolean {
    return this.#states[start - 1] === Mark.ending;
  }

  endOf(at: number): number {
    const frame = Math.floor(at / (this.#stride * pageSize));
    return this.#ends[frame]?.get(at) ?? Infinity;
  }

  /**
   * Where the first pair of a subject stands in `states`, whose page is then marked as used.
   * @returns `notHeld` where it is not loaded, or changed after `head`
   */
  startOf(number: number, head: number): number {
    const page = number >> pageBits;
    // Asked beforehand: what an array does not have takes longer to find out from the array.
    if (!(number >= 0 && page < this.#numbered)) return notHeld;
    const frame = (this.#frameOf[page] ?? 0) - 1;
    if (frame < 0) return notHeld;
    const slot = (frame << pageBits) + (number & slotMask);
    const start = slot * this.#stride;
    if ((this.#states[start] ?? Mark.none) === Mark.none) return notHeld;
    if (this.#newest > head && !((this.#changed[slot] ?? Infinity) <= head)) return notHeld;
    this.#used[frame] = 1;
    return start + 1;
  }

  /**
   * Where each of them starts, `notHeld` for nobody. They lie far apart: looked for one right after
   * the other, several are under way from memory at once, and are there when they are decided on.
   * @param count how many of `numbers` to look for
   * @returns false, at the first such, when one is not loaded or changed after `head`
   */
  locate(numbers: Int32Array, count: number, head: number, starts: Int32Array): boolean {
    for (let i = 0; i < count; i += 1) {
      const number = numbers[i] ?? -1;
      const start = this.startOf(number, head);
      if (start === notHeld && number >= 0) return false;
      starts[i] = start;
    }
    return true;
  }

  /** Whether all of them are loaded and none changed after `head`. Marks their pages as used. */
  hold(numbers: ArrayLike<number>, head: number): boolean {
    for (let i = 0; i < numbers.length; i += 1) {
      const number = numbers[i] ?? -1;
      if (number >= 0 && this.startOf(number, head) === notHeld) return false;
    }
    return true;
  }

  /** Those that are not loaded, each once. Marks the pages of the others as used. */
  missing(numbers: ArrayLike<number>): readonly number[] {
    let missing: Set<number> | undefined;
    for (let i = 0; i < numbers.length; i += 1) {
      const number = numbers[i] ?? -1;
      if (number >= 0 && this.startOf(number, Infinity) === notHeld)
        (missing ??= new Set()).add(number);
    }
    return missing ? [...missing] : [];
  }

  /** Puts in what one subject said, up to position `newest`. */
  keep(number: number, newest: number, { states, expiry }: FoldedStates): void {
    const frame = this.#frameFor(number >> pageBits);
    const slot = (frame << pageBits) + (number & slotMask);
    const start = slot * this.#stride + 1;
    const ends = this.#ends[frame];
    if (ends) for (let pair = 0; pair < states.length; pair += 1) ends.delete(start + pair);
    for (const [pair, until] of expiry) (this.#ends[frame] ??= new Map()).set(start + pair, until);
    this.#states.set(states, start);
    this.#states[start - 1] = expiry.size > 0 ? Mark.ending : Mark.loaded;
    this.#changed[slot] = newest;
    this.#newest = Math.max(this.#newest, newest);
  }

  /** Forgets one subject. */
  forget(number: number): void {
    const start = this.startOf(number, Infinity);
    if (start !== notHeld) this.#states[start - 1] = Mark.none;
  }

  clear(): void {
    this.#pages.clear();
    this.#frameOf = new Int32Array(fewestPages);
    this.#numbered = fewestPages;
    this.#frames = 0;
    this.#free = [];
    this.#states = new Uint8Array(0);
    this.#changed = new Float64Array(0);
    this.#used = new Uint8Array(0);
    this.#ends = [];
    this.#newest = 0;
  }

  /** Gives up the pages not used for longest, but none that the batch at hand still needs. */
  evict(needed: ArrayLike<number>): void {
    let surplus = this.#pages.size - this.#maxPages;
    if (surplus <= 0) return;
    const keep = new Set<number>();
    for (let i = 0; i < needed.length; i += 1) keep.add((needed[i] ?? -1) >> pageBits);
    // Pages put back are met again at the end; by then, at the latest, they have lost their mark.
    let left = 2 * this.#pages.size;
    for (const [page, frame] of this.#pages) {
      if (surplus <= 0 || left <= 0) return;
      left -= 1;
      this.#pages.delete(page);
      if (this.#used[frame] === 1 || keep.has(page)) {
        this.#used[frame] = 0;
        this.#pages.set(page, frame);
      } else {
        this.#giveUp(page, frame);
        surplus -= 1;
      }
    }
  }

  #giveUp(page: number, frame: number): void {
    this.#frameOf[page] = 0;
    this.#ends[frame] = undefined;
    const bytes = this.#stride * pageSize;
    this.#states.fill(Mark.none, frame * bytes, (frame + 1) * bytes);
    this.#free.push(frame);
  }

  /** The frame of a page, which is given one if it has none: nobody in it is loaded then. */
  #frameFor(page: number): number {
    const known = this.#pages.get(page);
    if (known !== undefined) return known;
    const frame = this.#free.pop() ?? this.#frames++;
    if (frame >= this.#used.length) this.#grow();
    if (page >= this.#numbered) this.#widen(page);
    this.#used[frame] = 0;
    this.#pages.set(page, frame);
    this.#frameOf[page] = frame + 1;
    return frame;
  }

  /** Makes room for a page with that number. */
  #widen(page: number): void {
    const frameOf = new Int32Array(2 ** Math.ceil(Math.log2(page + 1)));
    frameOf.set(this.#frameOf);
    this.#frameOf = frameOf;
    this.#numbered = frameOf.length;
  }

  /** Twice the room, yet no more than may be kept; beyond it only as far as a large batch needs. */
  #grow(): void {
    const room = this.#used.length;
    const pages =
      room < this.#maxPages
        ? Math.min(this.#maxPages, Math.max(fewestPages, 2 * room))
        : room + Math.max(fewestPages, room >>> 3);
    this.#states = grown(new Uint8Array(pages * pageSize * this.#stride), this.#states);
    this.#changed = grown(new Float64Array(pages * pageSize), this.#changed);
    this.#used = grown(new Uint8Array(pages), this.#used);
  }
}
