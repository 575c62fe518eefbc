/**
 * Parts things, numbered from 0, into classes: two are in one class for as long as no split had one
 * of them and not the other. A split costs what it names, however many things and classes there are.
 */
export class Partition {
  readonly #classOf: Int32Array;
  #splits = 0;
  // By class; class 0 holds what no split has named.
  readonly #parent: number[] = [0];
  readonly #madeIn: number[] = [-1];
  /** Where the class's things went in the split at hand, and which split that was. */
  readonly #stepTo: number[] = [0];
  readonly #steppedIn: number[] = [-1];

  /** @param size how many things there are at most */
  constructor(size: number) {
    this.#classOf = new Int32Array(size);
  }

  /** Tells apart those that are named, some perhaps more than once, from all others. */
  split(named: Int32Array): void {
    const split = this.#splits++;
    const classOf = this.#classOf;
    const madeIn = this.#madeIn;
    const steppedIn = this.#steppedIn;
    for (let i = 0; i < named.length; i += 1) {
      const thing = named[i] ?? 0;
      const from = classOf[thing] ?? 0;
      if (madeIn[from] === split) continue;
      if (steppedIn[from] !== split) {
        steppedIn[from] = split;
        this.#stepTo[from] = this.#make(from, split);
      }
      classOf[thing] = this.#stepTo[from] ?? 0;
    }
  }

  /** How many classes there ever were: each thing's class is below. */
  get classes(): number {
    return this.#parent.length;
  }

  classOf(thing: number): number {
    return this.#classOf[thing] ?? 0;
  }

  /** Calls back for each split that named the things of a class, the last first. */
  eachSplit(ofClass: number, call: (split: number) => void): void {
    for (let at = ofClass; at > 0; at = this.#parent[at] ?? 0) call(this.#madeIn[at] ?? 0);
  }

  #make(parent: number, split: number): number {
    this.#madeIn.push(split);
    this.#stepTo.push(0);
    this.#steppedIn.push(-1);
    return this.#parent.push(parent) - 1;
  }
}
