import type { PackedDecisions } from '../audit/entry.ts';
import { BoundedMap } from '../core/bounded-map.ts';
import type { RowPlan } from '../policy/plan.ts';
import type { Profile } from './decided-rows.ts';
import { linesOf, loggedLine, type LoggedLine } from './logged-lines.ts';

/** Things that a book may hold from one operation to the next. */
const mostKept = 8_192;
/** Numbers and names in all shapes of a book. */
const mostInShapes = 500_000;

/** All of an operation's decisions that does not turn on who the persons are. */
export type Shape = Omit<PackedDecisions, 'sets'>;

/** What is said of somebody. In one book the same lines are always the same object. */
export class Said {
  /** From 0 on in its book; 0 says nothing. */
  readonly number: number;
  /** In the order of their keys, each once. */
  readonly lines: readonly LoggedLine[];
  readonly #book: SaidBook;
  readonly #unions = new Map<Said, Said>();
  #lastOther: Said;
  #lastBoth: Said;

  constructor(book: SaidBook, number: number, lines: readonly LoggedLine[]) {
    this.number = number;
    this.lines = lines;
    this.#book = book;
    this.#lastOther = this;
    this.#lastBoth = this;
  }

  /** What this and another of the book say together. */
  and(other: Said): Said {
    // Most persons who are alike in one selection are so in the next.
    if (this.#lastOther !== other) {
      this.#lastBoth = this.#union(other);
      this.#lastOther = other;
    }
    return this.#lastBoth;
  }

  #union(other: Said): Said {
    let both = this.#unions.get(other);
    if (both === undefined) {
      both = this.#book.both(this, other);
      this.#unions.set(other, both);
    }
    return both;
  }
}

/** What was said of people, each once: operations say the same again and again. */
export class SaidBook {
  readonly nothing: Said;
  readonly shapes = new BoundedMap<string, Shape>(mostInShapes);
  readonly #all: Said[] = [];
  /** By the keys of its lines. */
  readonly #known = new Map<string, Said>();
  readonly #ofProfile = new WeakMap<RowPlan, WeakMap<Profile, Said>>();
  #unions = 0;

  constructor() {
    this.nothing = this.#said([]);
  }

  /** It has grown enough: rather begin another with the next operation. */
  get isFull(): boolean {
    return this.#all.length + this.#unions > mostKept;
  }

  get size(): number {
    return this.#all.length;
  }

  at(number: number): Said {
    return this.#all[number] ?? this.nothing;
  }

  /** What is said of rows of a plan that came out like this. */
  ofRows(plan: RowPlan, profile: Profile): Said {
    let ofProfile = this.#ofProfile.get(plan);
    if (ofProfile === undefined) {
      ofProfile = new WeakMap();
      this.#ofProfile.set(plan, ofProfile);
    }
    let said = ofProfile.get(profile);
    if (said === undefined) {
      said = this.#said(linesOf(plan).of(profile));
      ofProfile.set(profile, said);
    }
    return said;
  }

  /** What is said of lists that no row could join. */
  ofClosed(plans: Iterable<RowPlan>): Said {
    let said = this.nothing;
    for (const plan of plans) said = said.and(this.#said(linesOf(plan).closed()));
    return said;
  }

  /** What is said of a person who was shown these fields of their own. */
  ofAccess(coordinates: readonly string[]): Said {
    if (coordinates.length === 0) return this.nothing;
    return this.#said([loggedLine('SUBJECT_ACCESS', coordinates)]);
  }

  /** What two say together; `and` remembers it. */
  both(one: Said, other: Said): Said {
    this.#unions += 1;
    return this.#said([...one.lines, ...other.lines]);
  }

  /** @param lines in any order, some perhaps twice */
  #said(lines: readonly LoggedLine[]): Said {
    const inOrder = lines
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .filter(({ key }, i, all) => key !== all[i - 1]?.key);
    const key = inOrder.map((line) => line.key).join('\n');
    let said = this.#known.get(key);
    if (said === undefined) {
      said = new Said(this, this.#all.length, inOrder);
      this.#all.push(said);
      this.#known.set(key, said);
    }
    return said;
  }
}

let book = new SaidBook();

/** To call before an operation is packed: what is said keeps its number until the next call. */
export const openSaidBook = (): SaidBook => {
  if (book.isFull) book = new SaidBook();
  return book;
};
