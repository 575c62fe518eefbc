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
  /** Hashes of the entries; one that is not known is not compared. */
  readonly leaves: readonly (Buffer | undefined)[];
  /** What they must be. */
  readonly hashes: readonly Buffer[];
  /** Hashes of the bundle before and of the one behind; read only where something is wrong. */
  readonly neighbour: (step: -1 | 1) => Promise<readonly Buffer[]>;
}

type Places = ReadonlyMap<string, number>;

/** Where hashes belong. */
const placesOf = async ({ base, hashes, neighbour }: BundleHashes): Promise<Places> => {
  const before = await neighbour(-1);
  const all = [...before, ...hashes, ...(await neighbour(1))];
  return new Map(all.map((hash, i) => [hash.toString('latin1'), base - before.length + i]));
};

const tell = (
  index: number,
  place: number | undefined,
  { base, leaves, hashes }: BundleHashes,
): string => {
  if (place === undefined) return 'it is not the one that was logged: its hash is another';
  const original = hashes[place - base];
  const isThereToo = place < base || (original && leaves[place - base]?.equals(original));
  if (place < index && isThereToo) return `the one of ${place} stands here once more`;
  const own = hashes[index - base];
  const isElsewhere = own !== undefined && leaves.some((leaf) => leaf?.equals(own));
  return isElsewhere
    ? `it is not the one that was logged: it is the one of ${place}`
    : `it is missing: in its place stands the one of ${place}`;
};

/** Names what is wrong with entries by comparing their hashes with those of the log. */
export const compareBundle = async (bundle: BundleHashes): Promise<readonly Mismatch[]> => {
  const { base, leaves, hashes } = bundle;
  const wrongAt = (i: number): Buffer | undefined => {
    const [leaf, hash] = [leaves[i], hashes[i]];
    return leaf && hash && !leaf.equals(hash) ? leaf : undefined;
  };
  if (!hashes.some((_, i) => wrongAt(i))) return [];
  const places = await placesOf(bundle);
  const placeOf = (leaf: Buffer): number | undefined => places.get(leaf.toString('latin1'));
  /** How far one was moved. */
  const shiftAt = (i: number): number | undefined => {
    const leaf = wrongAt(i);
    const place = leaf && placeOf(leaf);
    return place === undefined ? undefined : place - base - i;
  };
  const found: Mismatch[] = [];
  for (let i = 0; i < hashes.length; i += 1) {
    const leaf = wrongAt(i);
    if (!leaf) continue;
    const shift = shiftAt(i);
    let count = 1;
    while (shift !== undefined && shiftAt(i + count) === shift) count += 1;
    const index = base + i;
    const what = tell(index, placeOf(leaf), bundle);
    const whole = count === 1 ? what : `${what}; so with all up to ${index + count - 1}`;
    found.push({ index, count, what: whole });
    i += count - 1;
  }
  return found;
};
