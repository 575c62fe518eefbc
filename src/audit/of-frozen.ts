/** Whether neither it nor a list in it can change; asked of texts, numbers and lists of them. */
export const isFrozen = (value: unknown): boolean =>
  !Array.isArray(value) || (Object.isFrozen(value) && value.every(isFrozen));

/**
 * Remembers what is made of a list for as long as there is the list: entries of the same operation
 * share what does not turn on persons. Of a list that could change, or what lies in it, it is made
 * anew each time.
 *
 * @param make told of nothing but texts, numbers and lists of them
 */
export const ofFrozen = <Item>(
  make: (list: readonly Item[]) => string,
): ((list: readonly Item[]) => string) => {
  const known = new WeakMap<readonly Item[], string>();
  return (list) => {
    let made = known.get(list);
    if (made === undefined) {
      made = make(list);
      if (isFrozen(list)) known.set(list, made);
    }
    return made;
  };
};
