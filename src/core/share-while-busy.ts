const nothing = (): void => undefined;

/**
 * Lets callers share work that is one round trip however many ask: while one call runs, those who
 * arrive wait together for the next. A caller is only ever given the result of a call that began
 * after it arrived, so what it reads is never older than its question.
 *
 * @param soon when work begins once nothing keeps it: at the end of the turn, unless told
 * @example
 * const readHead = shareWhileBusy((askers) => query('select …'));
 * await Promise.all([readHead(), readHead()]); // one query
 */
export const shareWhileBusy = <Item, Result>(
  run: (items: readonly Item[]) => Promise<Result>,
  soon: (begin: () => void) => void = queueMicrotask,
): ((item: Item) => Promise<Result>) => {
  let running = false;
  let waiting: { items: Item[]; promise: Promise<Result>; start: () => void } | undefined;

  const gather = (): NonNullable<typeof waiting> => {
    const items: Item[] = [];
    let start = nothing;
    const promise = new Promise<void>((resolve) => {
      start = resolve;
    }).then(() => run(items));
    // The first to fail is each asker's own to handle; nobody waits on this copy.
    promise.then(next, next);
    return { items, promise, start: () => start() };
  };

  const begin = (): void => {
    if (running || waiting === undefined) return;
    running = true;
    const { start } = waiting;
    waiting = undefined;
    start();
  };

  function next(): void {
    running = false;
    if (waiting) soon(begin);
  }

  return (item) => {
    const group = (waiting ??= gather());
    group.items.push(item);
    // Whatever arrives until then still joins.
    if (!running && group.items.length === 1) soon(begin);
    return group.promise;
  };
};
