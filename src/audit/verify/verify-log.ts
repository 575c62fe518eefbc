import { verifyCosignatures, cosignatureVerifierOf } from '../../tlog/cosignature.ts';
import { SaysoError } from '../../core/errors.ts';
import { parseNote } from '../../tlog/note.ts';
import { parseCheckpoint } from '../../tlog/checkpoint.ts';
import type { TileReader } from '../../tlog/tiles.ts';
import { Findings } from './findings.ts';
import type { Finding, LogSource } from './log-source.ts';
import { openCheckpoint, trustKeys, type KeyChange, type SignedCheckpoint } from './trust-keys.ts';
import type { Mark } from './marked-tree.ts';
import { walkLog } from './walk-log.ts';

export interface VerifyOptions {
  /** Verifier keys (vkey) that the auditor holds; other keys count only where these lead to them. */
  readonly keys: readonly string[];
  /** Entries from here up to, and without, `to`; the whole log when neither is given. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** A checkpoint that the auditor kept earlier, and tiles, if those were kept as well. */
  readonly known?:
    { readonly checkpoint: string; readonly tiles?: TileReader | undefined } | undefined;
  /** Entries before it are known to be gone, though the log itself may not say so. */
  readonly goneBefore?: number | undefined;
  /** Verifier keys of witnesses, each of which must have signed. */
  readonly witnesses?: readonly string[] | undefined;
  /** So many of the newest entries may be unseen by a witness; as many as there are by default. */
  readonly witnessWithin?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface WitnessSaid {
  readonly name: string;
  /** ISO 8601. */
  readonly at: string;
  /** How long the log was that it has seen. */
  readonly size: number;
  /** How many entries came after that, which it has not witnessed. */
  readonly behind: number;
}

/** What came of verifying a log. */
export interface VerifyReport {
  readonly sound: boolean;
  readonly origin: string;
  readonly size: number;
  /** Base64, as in the checkpoint. */
  readonly root: string;
  /** The signed note that all was checked against, to be kept for the next time. */
  readonly checkpoint: string;
  /** The keys that signed it, of those that count. */
  readonly signedBy: readonly string[];
  /** Keys that were followed from those given. */
  readonly keyChanges: readonly {
    readonly index: number;
    readonly from: string;
    readonly to: string;
  }[];
  readonly witnesses: readonly WitnessSaid[];
  /** Size of the kept checkpoint, where there was one. */
  readonly known?: number | undefined;
  readonly from: number;
  readonly to: number;
  /** Entries whose bytes were checked. */
  readonly entries: number;
  /** Entries taken by retention; their hashes were checked. */
  readonly gone: number;
  readonly firstAt?: string | undefined;
  readonly lastAt?: string | undefined;
  /** The earliest in the log, where a place can be told. */
  readonly first?: Finding | undefined;
  readonly findings: readonly Finding[];
  /** Of which only the first hundred are listed. */
  readonly findingCount: number;
  /** What is not wrong, and still to be known. */
  readonly remarks: readonly string[];
  readonly seconds: number;
}

const messageOf = (error: unknown): string => {
  if (error instanceof SaysoError) return error.message;
  throw error;
};

/** The checkpoint as it says of itself, though nobody known has signed it. */
const asItSays = (note: string): Pick<SignedCheckpoint, 'origin' | 'size' | 'root'> => {
  try {
    return parseCheckpoint(parseNote(note).text);
  } catch {
    return { origin: '', size: 0n, root: Buffer.alloc(0) };
  }
};

interface ChosenNote {
  readonly note: string;
  readonly checkpoint?: SignedCheckpoint;
  readonly wrong?: string;
}

/**
 * What is verified. A folder under update has its newest checkpoint in `log.json` first; a key that
 * came after `log.json` was read is not known yet, and then the one in there counts.
 */
const chooseNote = (notes: readonly string[], keys: readonly string[]): ChosenNote => {
  const opened = notes.map((note): ChosenNote => {
    try {
      return { note, checkpoint: openCheckpoint(note, keys) };
    } catch (error) {
      return { note, wrong: messageOf(error) };
    }
  });
  const sizeIn = ({ checkpoint }: ChosenNote): bigint => checkpoint?.size ?? -1n;
  return opened.reduce((best, one) => (sizeIn(one) > sizeIn(best) ? one : best));
};

/** The other one of these, which the log must continue as well. */
const openAgain = (
  note: string,
  keys: readonly string[],
  { origin, size, note: chosen }: SignedCheckpoint,
): Mark | undefined => {
  if (note === chosen) return undefined;
  try {
    const other = openCheckpoint(note, keys);
    const isEarlier = other.origin === origin && other.size <= size;
    const name = 'another checkpoint that it shows';
    return isEarlier ? { size: Number(other.size), root: other.root, name } : undefined;
  } catch {
    // Signed by a key that came meanwhile.
    return undefined;
  }
};

const openKnown = (
  note: string,
  keys: readonly string[],
  { origin, size }: SignedCheckpoint,
  findings: Findings,
): Mark | undefined => {
  try {
    const known = openCheckpoint(note, keys);
    const at = Number(known.size);
    if (known.origin !== origin) {
      const what = `it is one of \`${known.origin}\`, and this log is \`${origin}\``;
      findings.add({ where: 'the kept checkpoint', what });
    } else if (known.size > size) {
      findings.add({
        index: Number(size),
        where: 'log',
        what: `it has ${size} entries, and had ${at} when the checkpoint was kept: an older backup was restored, or its end was cut off`,
      });
    } else return { size: at, root: known.root, name: 'the checkpoint kept earlier' };
  } catch (error) {
    findings.add({ where: 'the kept checkpoint', what: messageOf(error) });
  }
  return undefined;
};

/** The longest log that a witness has signed for. */
const hearWitness = (
  notes: readonly string[],
  vkey: string,
  size: number,
): { readonly said?: WitnessSaid; readonly name: string; readonly wrong?: string } => {
  const verifier = cosignatureVerifierOf(vkey);
  const { name } = verifier;
  let best: WitnessSaid | undefined;
  let wrong: string | undefined;
  for (const note of notes) {
    try {
      const [said] = verifyCosignatures(note, [verifier]);
      const seen = Number(asItSays(note).size);
      if (!said || seen <= (best?.size ?? -1)) continue;
      const at = new Date(said.seconds * 1_000).toISOString();
      best = { name, at, size: seen, behind: Math.max(0, size - seen) };
    } catch (error) {
      wrong ??= messageOf(error);
    }
  }
  return { name, ...(best && { said: best }), ...(wrong !== undefined && { wrong }) };
};

const hearWitnesses = (
  notes: readonly string[],
  { witnesses = [], witnessWithin = Infinity }: VerifyOptions,
  size: number,
  findings: Findings,
): readonly WitnessSaid[] =>
  witnesses.flatMap((vkey) => {
    const { said, name, wrong } = hearWitness(notes, vkey, size);
    const where = `witness \`${name}\``;
    if (!said) {
      const what = wrong ?? 'it has signed none of the checkpoints that there are';
      findings.add({ where, what });
      return [];
    }
    if (said.behind > witnessWithin) {
      const what = `it has not seen the newest ${said.behind} entries, and at most ${witnessWithin} may be unseen`;
      findings.add({ index: said.size, where, what });
    }
    return [said];
  });

const unseenBy = (witnesses: readonly WitnessSaid[]): readonly string[] =>
  witnesses
    .filter(({ behind }) => behind > 0)
    .map(({ name, behind }) => `witness \`${name}\` has not seen the newest ${behind} entries`);

const markOf = ({ index, checkpoint }: KeyChange): Mark => ({
  size: Number(checkpoint.size),
  root: checkpoint.root,
  name: `the checkpoint by which entry ${index} changed the key`,
});

/** A signature by a key after it had been replaced: whoever stole it could go on with it for ever. */
const retiredKey = (
  { keys, size }: SignedCheckpoint,
  changes: readonly KeyChange[],
): readonly Finding[] => {
  const retired = changes.filter(({ from }) => keys.includes(from));
  const [first] = retired;
  if (!first || retired.length < keys.length || Number(size) <= first.index) return [];
  const what = `it is signed by \`${first.from}\` alone, which entry ${first.index} has replaced: a rotation was cut short and is to be run again, or somebody signs with the old key`;
  return [{ where: 'checkpoint', what }];
};

/** In this order, since the log may grow meanwhile: the checkpoint is as new as what is told of it. */
const readHead = async (source: LogSource, given: readonly string[]) => {
  const info = await source.info();
  const newest = await source.checkpoint();
  const trusted = trustKeys(given, info.keys);
  const { wrong } = chooseNote([newest], trusted.keys);
  return { info, newest, trusted, wrong };
};

/**
 * Verifies a log by what an auditor holds and nothing else: signature, tree, entries, and that it
 * continues what was there before. Needs the same small memory for any log.
 *
 * @throws what a source throws that cannot be read at all
 */
export const verifyLog = async (
  source: LogSource,
  options: VerifyOptions,
): Promise<VerifyReport> => {
  const started = Date.now();
  const findings = new Findings();
  let read = await readHead(source, options.keys);
  // A key may have come between the two.
  if (read.wrong !== undefined) read = await readHead(source, options.keys);
  const { info, newest, trusted, wrong } = read;
  for (const one of trusted.findings) findings.add(one);
  const notes = [newest, ...(info.checkpoint === undefined ? [] : [info.checkpoint])];
  const chosen = chooseNote(notes, trusted.keys);
  const { note } = chosen;
  const report = (
    says: Pick<SignedCheckpoint, 'origin' | 'size' | 'root'>,
    rest: Partial<VerifyReport> = {},
  ): VerifyReport => ({
    origin: says.origin,
    size: Number(says.size),
    root: says.root.toString('base64'),
    checkpoint: note,
    signedBy: [],
    keyChanges: trusted.changes.map(({ index, from, to }) => ({ index, from, to })),
    witnesses: [],
    from: 0,
    to: 0,
    entries: 0,
    gone: 0,
    remarks: [],
    ...rest,
    sound: findings.count === 0,
    first: findings.first,
    findings: findings.all,
    findingCount: findings.count,
    seconds: (Date.now() - started) / 1_000,
  });

  const { checkpoint } = chosen;
  if (!checkpoint) {
    // Whatever it says is nobody's word: nothing is to be measured by it.
    findings.add({ where: 'checkpoint', what: chosen.wrong ?? '' });
    return report(asItSays(note));
  }
  // One that stands beside it is sound, and this is none of the log's all the same.
  if (wrong !== undefined) findings.add({ where: 'checkpoint', what: wrong });
  const { keys } = trusted;
  for (const one of retiredKey(checkpoint, trusted.changes)) findings.add(one);
  const size = Number(checkpoint.size);
  const marks = trusted.changes.map(markOf).filter((mark) => {
    if (mark.size <= size) return true;
    findings.add({
      index: size,
      where: 'log',
      what: `it has ${size} entries, and had ${mark.size} at ${mark.name}`,
    });
    return false;
  });
  const known = options.known && openKnown(options.known.checkpoint, keys, checkpoint, findings);
  if (known) marks.push({ ...known, tiles: options.known.tiles });
  const witnessed = info.witnessed === undefined ? [] : [info.witnessed];
  for (const each of witnessed) {
    const mark = openKnown(each, keys, checkpoint, findings);
    if (mark) marks.push({ ...mark, name: 'the checkpoint that was witnessed' });
  }
  for (const each of notes) {
    const mark = openAgain(each, keys, checkpoint);
    if (mark) marks.push(mark);
  }
  const witnesses = hearWitnesses([...notes, ...witnessed], options, size, findings);

  const { from = 0, to = size } = options;
  const walked = await walkLog({
    ...{ source, info, checkpoint, marks, findings },
    from: Math.min(from, size),
    to: Math.min(to, size),
    goneBefore: options.goneBefore ?? 0,
    onProgress: options.onProgress ?? (() => undefined),
  });
  if (to > size) {
    const what = `it has ${size} entries, and was to be verified up to ${to}`;
    findings.add({ index: size, where: 'log', what });
  }
  return report(checkpoint, {
    signedBy: checkpoint.keys,
    witnesses,
    ...(known && { known: known.size }),
    ...walked,
    remarks: [...unseenBy(witnesses), ...walked.remarks],
  });
};
