/** Subject numbers in the order they were added, which takes four bytes for each and no garbage. */
export class SubjectList {
  #numbers = new Int32Array(8);
  #length = 0;

  /** Adds a number, unless it was the last to be added. */
  push(number: number): void {
    const at = this.#length;
    if (at > 0 && this.#numbers[at - 1] === number) return;
    if (at === this.#numbers.length) {
      const numbers = new Int32Array(4 * at);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    this.#numbers[at] = number;
    this.#length = at + 1;
  }

  /** What was added so far; not to be written to. */
  get numbers(): Int32Array {
    return this.#numbers.subarray(0, this.#length);
  }
}
