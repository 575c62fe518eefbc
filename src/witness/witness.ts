import type { Cosigner } from '../tlog/cosignature.ts';
import { emptyRoot } from '../tlog/hash.ts';
import { verifyConsistency } from '../tlog/merkle.ts';
import { shownName } from '../tlog/note-text.ts';
import {
  appendSignatures,
  openNote,
  parseNote,
  signatureLine,
  type Verifier,
} from '../tlog/note.ts';
import { TlogError } from '../tlog/tlog-error.ts';
import { parseAddCheckpoint, type AddCheckpointRequest } from './add-checkpoint-request.ts';
import { originHash } from './register.ts';
import type { KeptState, WitnessStore } from './witness-store.ts';

/** A log that a witness looks at. */
export interface WitnessedLog {
  readonly origin: string;
  /** Keys that its checkpoints may be signed by. */
  readonly verifiers: readonly Verifier[];
}

/** An answer over HTTP. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly body: string;
}

/** A checkpoint that is signed by its log and was refused. */
export interface Refused {
  /**
   * `FORKED`: the log signed two trees of one size, which both notes prove. `INCONSISTENT`: no proof
   * came that it grew out of what was cosigned. `BEHIND`: it is smaller, and may be an old one that
   * somebody sent again.
   */
  readonly why: 'FORKED' | 'INCONSISTENT' | 'BEHIND';
  readonly origin: string;
  /** With the signatures of the log alone: whoever sends it may put lines of theirs beside these. */
  readonly offered: string;
  /** What was cosigned. */
  readonly cosigned: string;
}

export interface WitnessOptions {
  readonly store: WitnessStore;
  readonly logs: readonly WitnessedLog[];
  readonly cosigner: Cosigner;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly onRefused?: (refused: Refused) => void;
}

/** Cosigns checkpoints of logs that only grow (c2sp.org/tlog-witness). */
export interface Witness {
  addCheckpoint(body: Uint8Array): WitnessAnswer;
  /** The newest checkpoint that was cosigned, with the cosignature, by the hash of its origin. */
  checkpoint(hashOfOrigin: string): string | undefined;
}

const refusal = (status: WitnessAnswer['status'], message: string): WitnessAnswer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${message}\n`,
});

/** Runs a check whose failure is an answer. */
const judged = <T>(check: () => T): { readonly value: T } | { readonly wrong: string } => {
  try {
    return { value: check() };
  } catch (error) {
    if (error instanceof TlogError) return { wrong: error.message };
    throw error;
  }
};

/** The note with only those signatures that these verifiers know. */
const knownOnly = (note: string, verifiers: readonly Verifier[]): string => {
  const { text, signatures } = parseNote(note);
  const lines = signatures
    .filter(({ name, keyId }) => verifiers.some((one) => one.name === name && one.keyId === keyId))
    .map(({ name, keyId, signature }) => signatureLine(name, keyId, signature));
  return `${text}\n${[...new Set(lines)].map((line) => `${line}\n`).join('')}`;
};

/**
 * INVARIANT: between reading what was cosigned and its replacement on disk nothing else runs, and
 * only then is anything signed. So no two requests are checked against one state.
 */
export const createWitness = ({
  store,
  logs,
  cosigner,
  now = Date.now,
  onRefused = () => undefined,
}: WitnessOptions): Witness => {
  const known = new Map(logs.map((log) => [log.origin, log]));
  const byHash = new Map(logs.map(({ origin }) => [originHash(origin), origin]));

  const cosign = (note: string, seconds: number): string =>
    cosigner.cosign(parseNote(note).text, seconds);

  const cosigned = (note: string, seconds: number): WitnessAnswer => ({
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    body: `${cosign(note, seconds)}\n`,
  });

  const inconsistent = (
    { note, checkpoint }: AddCheckpointRequest,
    last: KeptState | undefined,
    wrong: string,
    verifiers: readonly Verifier[],
  ): WitnessAnswer => {
    if (last) {
      const same = checkpoint.size === last.size && !checkpoint.root.equals(last.root);
      const why = same ? 'FORKED' : 'INCONSISTENT';
      onRefused({
        why,
        origin: checkpoint.origin,
        offered: knownOnly(note, verifiers),
        cosigned: last.note,
      });
    }
    return refusal(422, wrong);
  };

  const conflict = (
    { note, checkpoint }: AddCheckpointRequest,
    last: KeptState | undefined,
    verifiers: readonly Verifier[],
  ): WitnessAnswer => {
    if (last && checkpoint.size < last.size) {
      const { origin } = checkpoint;
      onRefused({
        why: 'BEHIND',
        origin,
        offered: knownOnly(note, verifiers),
        cosigned: last.note,
      });
    }
    return { status: 409, contentType: 'text/x.tlog.size', body: `${last?.size ?? 0n}\n` };
  };

  const advance = (
    request: AddCheckpointRequest,
    verifiers: readonly Verifier[],
  ): WitnessAnswer => {
    const { old, proof, note, checkpoint } = request;
    const { origin, size, root } = checkpoint;
    for (;;) {
      const last = store.read(origin);
      if ((last?.size ?? 0n) !== old) return conflict(request, last, verifiers);
      const fromRoot = last?.root ?? emptyRoot;
      const consistent = judged(() =>
        verifyConsistency({ from: old, to: size, fromRoot, toRoot: root, proof }),
      );
      if ('wrong' in consistent) return inconsistent(request, last, consistent.wrong, verifiers);
      const seconds = Math.floor(now() / 1_000);
      // Nothing new to remember. The newest note is public, and nobody who sends it makes a disk write.
      if (last?.size === size) return cosigned(note, seconds);
      const next = { size, root, seconds, note: knownOnly(note, verifiers) };
      if (!store.replace(origin, last?.turn ?? 0, next)) continue;
      return cosigned(note, seconds);
    }
  };

  const addCheckpoint = (body: Uint8Array): WitnessAnswer => {
    const parsed = judged(() => parseAddCheckpoint(body));
    if ('wrong' in parsed) return refusal(400, parsed.wrong);
    const { old, note, checkpoint } = parsed.value;
    const log = known.get(checkpoint.origin);
    if (!log) {
      return refusal(404, `this witness does not know the log \`${shownName(checkpoint.origin)}\``);
    }
    const signed = judged(() => openNote(note, log.verifiers));
    if ('wrong' in signed) return refusal(403, signed.wrong);
    if (old > checkpoint.size) {
      return refusal(400, `the old size, ${old}, is larger than the checkpoint's`);
    }
    return advance(parsed.value, log.verifiers);
  };

  const checkpoint = (hashOfOrigin: string): string | undefined => {
    const origin = byHash.get(hashOfOrigin);
    const last = origin === undefined ? undefined : store.read(origin);
    // Ed25519 signs the same twice: this is the line that was answered.
    return last && appendSignatures(last.note, [cosign(last.note, last.seconds)]);
  };
  return { addCheckpoint, checkpoint };
};
