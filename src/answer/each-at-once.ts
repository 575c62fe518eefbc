/**
 * Does something for each item, all at the same time. One alone is waited for by itself, which costs
 * less than to gather it: most lists here have one.
 *
 * @returns fulfilled when all are; rejected with the first that fails, as `Promise.all` does
 */
export const eachAtOnce = <Item>(
  items: readonly Item[],
  work: (item: Item, place: number) => Promise<void>,
): Promise<unknown> => {
  const [only] = items;
  return items.length === 1 && only !== undefined ? work(only, 0) : Promise.all(items.map(work));
};
