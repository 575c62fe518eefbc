/**
 * Parts things, numbered from 0, into classes: two are in one class for as long as no split had one
 * of them and not the other. A split costs what it names, however many things and classes there are.
 */
export class Partition {
  readonly #classOf: Int32Array;
  #splits = 0;
  /** Class 0 holds what no split has named. */
  #classes = 1;
  // By class.
  readonly #parent: Int32Array;
  /** Counted from 1, as in the next: 0 for none. */
  readonly #madeIn: Int32Array;
  /** Where the class's things went in the split at hand, and which split that was. */
  readonly #stepTo: Int32Array;
  readonly #steppedIn: Int32Array;

  /**
   * @param things how many there are at most
   * @param named how many are named in all splits together at most
   */
  constructor(things: number, named: number) {
    this.#classOf = new Int32Array(things);
    this.#parent = new Int32Array(named + 1);
    this.#madeIn = new Int32Array(named + 1);
    this.#stepTo = new Int32Array(named + 1);
    this.#steppedIn = new Int32Array(named + 1);
  }

  /** Tells apart the things from `first` to before `end`, some perhaps named again, from all others. */
  split(named: ArrayLike<number>, first: number, end: number): void {
    const split = (this.#splits += 1);
    const classOf = this.#classOf;
    const madeIn = this.#madeIn;
    for (let i = first; i < end; i += 1) {
      const thing = named[i] ?? 0;
      const from = classOf[thing] ?? 0;
      if (madeIn[from] === split) continue;
      if (this.#steppedIn[from] !== split) {
        const made = this.#classes++;
        this.#parent[made] = from;
        madeIn[made] = split;
        this.#steppedIn[from] = split;
        this.#stepTo[from] = made;
      }
      classOf[thing] = this.#stepTo[from] ?? 0;
    }
  }

  /** How many classes there ever were: each thing's class is below. */
  get classes(): number {
    return this.#classes;
  }

  classOf(thing: number): number {
    return this.#classOf[thing] ?? 0;
  }

  /** The last split, from 0 on, that named the things of a class; -1 where none did. */
  splitOf(ofClass: number): number {
    return (this.#madeIn[ofClass] ?? 0) - 1;
  }

  /** The class that the things of a class were in before that split. */
  before(ofClass: number): number {
    return this.#parent[ofClass] ?? 0;
  }
}
