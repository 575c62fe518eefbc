import type { FoldedStates } from './fold-events.ts';

/** Small, because persons asked for together have numbers that lie far apart. */
const pageBits = 7;
const pageSize = 1 << pageBits;
const slotMask = pageSize - 1;

/** The say-so of neighbouring subjects, as deciding reads it; where one starts, `startOf` tells. */
export interface SaidPage {
  /** One byte of `FoldedStates.states` for each subject and pair. */
  readonly states: Uint8Array;
  /** Place in `states` → microseconds since 1970. Few grants expire: absent where none does. */
  readonly expiry?: ReadonlyMap<number, number> | undefined;
}

interface Page extends SaidPage {
  /** In front of each subject's pairs stands 1 if it is loaded: what is read together is together. */
  readonly states: Uint8Array;
  /** Newest position that concerns the subject, as loaded. */
  readonly changed: Float64Array;
  /** The highest there ever was in `changed`. */
  newest: number;
  expiry: Map<number, number> | undefined;
  /** Asked for since pages were last given up: this one then stays for another round. */
  used: boolean;
}

/** Say-so by subject number, in memory and bounded. Numbers below 0 stand for nobody: passed over. */
export class ConsentPages {
  /** Bytes of one subject: whether it is loaded, and its pairs. */
  readonly #stride: number;
  readonly #maxPages: number;
  /** Longest kept first. */
  readonly #pages = new Map<number, Page>();
  /** The same by their number: numbers are dense, and this is the look-up of every row. */
  #byNumber: (Page | undefined)[] = [];

  constructor(pairs: number, maxSubjects: number) {
    this.#stride = pairs + 1;
    this.#maxPages = Math.max(1, Math.ceil(maxSubjects / pageSize));
  }

  /** The page of a subject that is loaded; `undefined` for any other. */
  pageOf(number: number): SaidPage | undefined {
    return this.pageAt(number, Infinity);
  }

  /** The page of a subject that is loaded and did not change after `head`. */
  pageAt(number: number, head: number): SaidPage | undefined {
    const page = this.#byNumber[number >> pageBits];
    return page !== undefined && this.#isHeld(page, number, head) ? page : undefined;
  }

  /** Where a subject's first pair stands in its page's `states`. */
  startOf(number: number): number {
    return (number & slotMask) * this.#stride + 1;
  }

  /** Whether all of them are loaded and none changed after `head`. Marks their pages as used. */
  hold(numbers: ArrayLike<number>, head: number): boolean {
    let last = -1;
    let page: Page | undefined;
    for (let i = 0; i < numbers.length; i += 1) {
      const number = numbers[i] ?? -1;
      // Rows of one person follow each other.
      if (number < 0 || number === last) continue;
      if (page === undefined || number >> pageBits !== last >> pageBits) {
        page = this.#byNumber[number >> pageBits];
        if (page === undefined) return false;
        page.used = true;
      }
      last = number;
      if (!this.#isHeld(page, number, head)) return false;
    }
    return true;
  }

  /** Those that are not loaded, each once. Marks the pages of the others as used. */
  missing(numbers: ArrayLike<number>): readonly number[] {
    let missing: Set<number> | undefined;
    for (let i = 0; i < numbers.length; i += 1) {
      const number = numbers[i] ?? -1;
      if (number < 0) continue;
      const page = this.#pages.get(number >> pageBits);
      if (page) page.used = true;
      if (!page || !this.#isHeld(page, number, Infinity)) (missing ??= new Set()).add(number);
    }
    return missing ? [...missing] : [];
  }

  /** Puts in what one subject said, up to position `newest`. */
  keep(number: number, newest: number, { states, expiry }: FoldedStates): void {
    const page = this.#make(number >> pageBits);
    const start = this.startOf(number);
    if (page.expiry)
      for (let pair = 0; pair < states.length; pair += 1) page.expiry.delete(start + pair);
    for (const [pair, until] of expiry) (page.expiry ??= new Map()).set(start + pair, until);
    page.states.set(states, start);
    page.states[start - 1] = 1;
    page.changed[number & slotMask] = newest;
    page.newest = Math.max(page.newest, newest);
  }

  /** Forgets one subject. */
  forget(number: number): void {
    const page = this.#pages.get(number >> pageBits);
    if (page) page.states[this.startOf(number) - 1] = 0;
  }

  clear(): void {
    this.#pages.clear();
    this.#byNumber = [];
  }

  /** Gives up the pages not used for longest, but none that the batch at hand still needs. */
  evict(needed: ArrayLike<number>): void {
    let surplus = this.#pages.size - this.#maxPages;
    if (surplus <= 0) return;
    const keep = new Set<number>();
    for (let i = 0; i < needed.length; i += 1) keep.add((needed[i] ?? -1) >> pageBits);
    // Pages put back are met again at the end; by then, at the latest, they have lost their mark.
    let left = 2 * this.#pages.size;
    for (const [number, page] of this.#pages) {
      if (surplus <= 0 || left <= 0) return;
      left -= 1;
      this.#pages.delete(number);
      if (page.used || keep.has(number)) {
        page.used = false;
        this.#pages.set(number, page);
      } else {
        this.#byNumber[number] = undefined;
        surplus -= 1;
      }
    }
  }

  #isHeld(page: Page, number: number, head: number): boolean {
    if (page.states[(number & slotMask) * this.#stride] !== 1) return false;
    return page.newest <= head || (page.changed[number & slotMask] ?? Infinity) <= head;
  }

  #make(number: number): Page {
    const known = this.#pages.get(number);
    if (known) return known;
    const page: Page = {
      states: new Uint8Array(pageSize * this.#stride),
      changed: new Float64Array(pageSize),
      newest: 0,
      expiry: undefined,
      used: false,
    };
    this.#pages.set(number, page);
    this.#byNumber[number] = page;
    return page;
  }
}
