import type { GraphQLError } from 'graphql';

/** A place of the answer that holds an error, or something below it does. */
interface Position {
  nulled: boolean;
  readonly below: Map<string | number, Position>;
}

const newPosition = (): Position => ({ nulled: false, below: new Map() });

/**
 * The errors of one execution in the order they came. One that comes late, at or below a place
 * that an earlier one has made null, is not told: the client could not make sense of its path.
 */
export class CollectedErrors {
  readonly errors: GraphQLError[] = [];
  readonly #root = newPosition();

  /** @param path the place that becomes null, which may lie above the error's own */
  add(error: GraphQLError, path: readonly (string | number)[]): void {
    let at = this.#root;
    if (at.nulled) return;
    for (const key of path) {
      let next = at.below.get(key);
      if (next?.nulled === true) return;
      if (!next) {
        next = newPosition();
        at.below.set(key, next);
      }
      at = next;
    }
    at.nulled = true;
    this.errors.push(error);
  }
}
