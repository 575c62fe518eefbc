import { request, type Dispatcher } from 'undici';
import { toBase64 } from '../tlog/base64.ts';
import { cosignatureVerifierOf, verifyCosignatures } from '../tlog/cosignature.ts';
import { appendSignatures, parseNote, signatureLine } from '../tlog/note.ts';

/** Where a witness is, and the key that its cosignatures must be by. */
export interface WitnessAddress {
  readonly url: string;
  readonly key: string;
}

/** What a witness makes of a checkpoint (c2sp.org/tlog-witness). */
export type WitnessWord =
  | { readonly kind: 'COSIGNED'; readonly lines: readonly string[] }
  /** It has cosigned this size before, and not the one that the proof begins at. */
  | { readonly kind: 'CONFLICT'; readonly size: number }
  /** The tree did not grow out of the one that it cosigned. */
  | { readonly kind: 'INCONSISTENT' }
  | { readonly kind: 'REFUSED'; readonly status: number }
  /** What it answered is no cosignature by its key; nothing of it is kept. */
  | { readonly kind: 'WRONG'; readonly what: string };

/** A checkpoint, and the proof that it grew out of an earlier tree. */
export interface Offer {
  readonly note: string;
  readonly old: number;
  readonly proof: readonly Uint8Array[];
}

export interface WitnessClient {
  readonly url: string;
  readonly name: string;
  readonly keyId: number;
  /** @throws whatever keeps an answer from coming */
  offer(offer: Offer, signal: AbortSignal): Promise<WitnessWord>;
}

/** A cosignature has some hundred bytes; other keys' may stand beside it. */
const mostBytes = 64 * 1024;

const readText = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > mostBytes) throw new Error(`it answers with more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
};

const conflictOf = (text: string): WitnessWord =>
  /^(0|[1-9]\d{0,18})\n$/.test(text)
    ? { kind: 'CONFLICT', size: Number(text) }
    : { kind: 'REFUSED', status: 409 };

/** @throws TlogError when it is no public key of a witness */
export const createWitnessClient = (
  { url, key }: WitnessAddress,
  dispatcher: Dispatcher,
  timeoutMs: number,
): WitnessClient => {
  const verifier = cosignatureVerifierOf(key);
  const { name, keyId } = verifier;
  const address = `${url.replace(/\/+$/, '')}/add-checkpoint`;

  const cosignedOf = (note: string, answered: string): WitnessWord => {
    try {
      const longer = appendSignatures(note, answered.split(/(?<=\n)/));
      if (verifyCosignatures(longer, [verifier]).length === 0) {
        return { kind: 'WRONG', what: 'there is none by its key' };
      }
      const lines = parseNote(longer)
        .signatures.filter((one) => one.name === name && one.keyId === keyId)
        .map(({ signature }) => signatureLine(name, keyId, signature));
      return { kind: 'COSIGNED', lines };
    } catch (error) {
      return { kind: 'WRONG', what: (error as Error).message };
    }
  };

  const send = async (body: string, signal: AbortSignal): Promise<readonly [number, string]> => {
    const answer = await request(address, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body,
      dispatcher,
      signal,
    });
    return [answer.statusCode, await readText(answer.body)];
  };

  const offer = async ({ note, old, proof }: Offer, signal: AbortSignal): Promise<WitnessWord> => {
    // By hand: on Node 20 a signal made of a timeout and another may be collected before it fires.
    const limit = new AbortController();
    const stop = (): void => limit.abort(new Error('it does not answer'));
    const timer = setTimeout(stop, timeoutMs);
    signal.addEventListener('abort', stop);
    const [status, text] = await send(
      [`old ${old}`, ...proof.map(toBase64), '', note].join('\n'),
      limit.signal,
    ).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    });
    if (status === 200) return cosignedOf(note, text);
    if (status === 409) return conflictOf(text);
    if (status === 422) return { kind: 'INCONSISTENT' };
    return { kind: 'REFUSED', status };
  };
  return { url, name, keyId, offer };
};
