import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { TooManyNewDocumentsError } from '../core/errors.ts';
import { documentSha256 } from '../operations/document-sha256.ts';
import type { KnownDocuments } from './known-documents.ts';
import type { NewDocumentGate } from './new-document-gate.ts';
import { searchOf } from './public-request.ts';

export interface AdmitOptions {
  readonly documents: Pick<KnownDocuments, 'find' | 'expect'>;
  readonly gate: NewDocumentGate;
}

/**
 * The text of the document, where the request has one that Apollo will read. An address is read as Apollo
 * reads it: where Fastify does otherwise, as with bytes that are no UTF-8, what is known would hide
 * another text.
 */
const textIn = (request: FastifyRequest): string | undefined => {
  if (request.method === 'GET')
    return new URLSearchParams(searchOf(request)).get('query') ?? undefined;
  const { query } = (request.body ?? {}) as { readonly query?: unknown };
  return typeof query === 'string' ? query : undefined;
};

/**
 * Waits while whoever asked is there.
 *
 * @returns nothing where they have gone: nobody is left to be answered
 * @throws TooManyNewDocumentsError, with the header `Retry-After` set
 */
export const whileThere = async <T>(
  reply: FastifyReply,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly came: T } | undefined> => {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  reply.raw.once('close', leave);
  // While the token was looked at, say: nothing tells of it again.
  if (reply.raw.closed) leave();
  try {
    return { came: await wait(gone.signal) };
  } catch (error) {
    if (gone.signal.aborted) {
      reply.hijack();
      return undefined;
    }
    if (error instanceof TooManyNewDocumentsError)
      void reply.header('retry-after', error.retryAfter);
    throw error;
  } finally {
    reply.raw.off('close', leave);
  }
};

/**
 * A hook behind the reading of the body: what was parsed and found valid before goes on at once;
 * anything else waits for its turn. What is known of the document is noted as `asked`.
 *
 * Calls back with a TooManyNewDocumentsError where there are too many.
 */
export const admitNewDocuments =
  ({ documents, gate }: AdmitOptions) =>
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const client = request.caller?.client ?? '';
    gate.noteRequest(client);
    const { largeBody } = request;
    const text = textIn(request);
    const sha256 = text === undefined ? '' : documentSha256(text);
    const document = documents.find(sha256);
    if (text !== undefined) request.asked = { text, sha256, document };
    if (text === undefined || document) {
      largeBody?.judged();
      done();
      return;
    }
    // The turn lasts until it was read, or was refused: whatever else is waited for before. That the
    // answer is out says nothing: it may have to wait for those before it on its connection.
    const held = (leave: () => void): void => {
      documents.expect(sha256, client, leave);
      request.leaveTurn = leave;
      reply.raw.once('close', leave);
    };
    const { waited: keepsPlace = false } = largeBody ?? {};
    const turn = { held, keepsPlace, spent: largeBody?.spent() ?? 0 };
    whileThere(reply, (signal) => gate.enter(client, signal, turn)).then((there) => {
      if (there) done();
    }, done);
    // It has its place, so the next may be read.
    largeBody?.judged();
  };
