/** Whoever waits for an answer. */
export interface Waiting {
  /** The time is over. */
  late(): void;
}

/**
 * When an answer has to be there at the latest. The timer is one for all answers over a connection
 * and is only put forward: to make and to remove one for each costs more than to let it run out.
 */
export class Deadline {
  #waiting: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;
  #limitMs = 0;

  /** @throws Error when somebody waits already */
  begin(waiting: Waiting, limitMs: number): void {
    if (this.#waiting) throw new Error('a connection answers one statement at a time');
    this.#waiting = waiting;
    if (this.#timer && limitMs === this.#limitMs) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#limitMs = limitMs;
    // While somebody waits the connection keeps the process running, and else nothing needs to.
    this.#timer = setTimeout(() => this.#over(), limitMs).unref();
  }

  /** What came while this process was busy with something else is read first: it was in time. */
  #over(): void {
    const waiting = this.#waiting;
    setImmediate(() => {
      if (this.#waiting === waiting) waiting?.late();
    });
  }

  end(waiting: Waiting): void {
    if (this.#waiting === waiting) this.#waiting = undefined;
  }
}
