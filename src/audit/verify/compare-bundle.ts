/** Leaves that are not what the hashes of the log say, all in the same way. */
export interface Mismatch {
  readonly index: number;
  /** How many in a row. */
  readonly count: number;
  readonly what: string;
}

export interface BundleHashes {
  /** Place of the first in the log. */
  readonly base: number;
  /** Hashes of the entries that are there. */
  readonly leaves: readonly (Buffer | undefined)[];
  /** What they must be. */
  readonly hashes: readonly Buffer[];
  /** Hashes of the bundle before and of the one behind; read only where something is wrong. */
  readonly neighbour: (step: -1 | 1) => Promise<readonly Buffer[]>;
}

type Places = ReadonlyMap<string, number>;

/** Where hashes belong; of equal ones the nearest counts. */
const placesOf = async ({ base, hashes, neighbour }: BundleHashes): Promise<Places> => {
  const before = await neighbour(-1);
  const behind = await neighbour(1);
  const all = [...before, ...hashes, ...behind];
  return new Map(
    all.map((hash, i) => [hash.toString('latin1'), base - before.length + i] as const),
  );
};

const tell = (index: number, place: number | undefined, { base, leaves, hashes }: BundleHashes) => {
  if (place === undefined) return 'it is not the one that was logged: its hash is another';
  const own = hashes[index - base];
  const isElsewhere = own !== undefined && leaves.some((leaf) => leaf?.equals(own));
  const original = leaves[place - base];
  const isTwice =
    place < index && (place < base || original?.equals(hashes[place - base] ?? own ?? original));
  if (isTwice === true) return `the one of ${place} stands here once more`;
  return isElsewhere
    ? `it is not the one that was logged: it is the one of ${place}`
    : `it is missing: in its place stands the one of ${place}`;
};

const kindOf = (index: number, leaf: Buffer | undefined, places: Places): string => {
  if (!leaf) return 'missing';
  const place = places.get(leaf.toString('latin1'));
  return place === undefined ? `changed ${index}` : `moved ${place - index}`;
};

/** Names what is wrong with entries by comparing their hashes with those of the log. */
export const compareBundle = async (bundle: BundleHashes): Promise<readonly Mismatch[]> => {
  const { base, leaves, hashes } = bundle;
  const isWrong = (i: number): boolean => {
    const [leaf, hash] = [leaves[i], hashes[i]];
    return hash !== undefined && !leaf?.equals(hash);
  };
  if (!hashes.some((_, i) => isWrong(i))) return [];
  const places = await placesOf(bundle);
  const found: Mismatch[] = [];
  for (let i = 0; i < hashes.length; i += 1) {
    if (!isWrong(i)) continue;
    const kind = kindOf(base + i, leaves[i], places);
    let count = 1;
    while (isWrong(i + count) && kindOf(base + i + count, leaves[i + count], places) === kind)
      count += 1;
    const index = base + i;
    const leaf = leaves[i];
    const what = leaf ? tell(index, places.get(leaf.toString('latin1')), bundle) : 'it is missing';
    found.push({
      index,
      count,
      what: count === 1 ? what : `${what}; so with all up to ${index + count - 1}`,
    });
    i += count - 1;
  }
  return found;
};
