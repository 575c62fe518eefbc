/** Documents of one client in memory: the bodies of the others stay unread, out of the way of the rest. */
const mostInMemory = 4;

/** What is told of a document that waits. */
export interface Turn {
  /**
   * Given what ends the turn, which then lasts until that is called (a second at most); without, it
   * ends when what goes on comes to wait for something.
   */
  readonly held?: (leave: () => void) => void;
  /** Milliseconds that reading the body took. */
  readonly spent?: number;
  /** Its body waited to be read, and the document goes on with the place that it had. */
  readonly keepsPlace?: boolean;
}

/** Whoever waits. */
export interface Waiter extends Turn {
  readonly go: () => void;
  readonly refuse: (error: Error) => void;
}

/**
 * What waits of one client: documents that are in memory, and in front of them requests with bodies
 * that are not read, of which nobody knows yet whether their documents are new.
 */
export class ClientLine {
  /** It has its next turn then. */
  notBefore = 0;
  /** One of its documents has its turn now, and says at its end how long the line pauses. */
  inTurn = false;
  readonly #documents: Waiter[] = [];
  readonly #unread: Waiter[] = [];
  /** Bodies that may be read, of which nobody knows yet what they hold. */
  #reading = 0;

  /** How many wait. */
  get length(): number {
    return this.#documents.length + this.#unread.length;
  }

  /**
   * Places that are taken, those of bodies too that are read now: else whoever came meanwhile would have
   * them, and what was read would be refused, which costs as much as its turn and comes without a pause.
   */
  get taken(): number {
    return this.length + this.#reading;
  }

  get hasDocuments(): boolean {
    return this.#documents.length > 0;
  }

  /** Whether bodies of this client are read as they come. */
  get readsFreely(): boolean {
    return this.length === 0 && this.#reading === 0;
  }

  isIdle(now: number): boolean {
    return !this.inTurn && this.readsFreely && this.notBefore <= now;
  }

  add(waiter: Waiter, row: 'documents' | 'unread'): void {
    (row === 'documents' ? this.#documents : this.#unread).push(waiter);
  }

  /** The document whose turn it is. */
  next(): Waiter | undefined {
    return this.#documents.shift();
  }

  /** Who is refused first when there are too many. */
  last(): Waiter | undefined {
    return this.#unread.at(-1) ?? this.#documents.at(-1);
  }

  /** @returns whether it was waiting */
  drop(waiter: Waiter): boolean {
    for (const row of [this.#documents, this.#unread]) {
      const place = row.indexOf(waiter);
      if (place >= 0) return row.splice(place, 1).length > 0;
    }
    return false;
  }

  /** Lets bodies be read where there is room for them. @returns how many */
  readMore(): number {
    let more = 0;
    while (this.#documents.length + this.#reading < mostInMemory) {
      const waiter = this.#unread.shift();
      if (!waiter) break;
      more += 1;
      this.#reading += 1;
      waiter.go();
    }
    return more;
  }

  /** It is known what one of the bodies holds that were let be read. */
  judged(): void {
    this.#reading -= 1;
  }
}
