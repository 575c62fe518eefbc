import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { TooManyNewDocumentsError } from '../core/errors.ts';
import { documentSha256 } from '../operations/document-sha256.ts';
import type { KnownDocuments } from './known-documents.ts';
import type { NewDocumentGate } from './new-document-gate.ts';

export interface AdmitOptions {
  readonly documents: Pick<KnownDocuments, 'find' | 'expect'>;
  readonly gate: NewDocumentGate;
}

/** The text of the document, where the request has one that Apollo will read. */
const textIn = ({ method, body, query }: FastifyRequest): string | undefined => {
  const from = (method === 'GET' ? query : body) as { readonly query?: unknown } | null | undefined;
  const text = from?.query;
  return typeof text === 'string' ? text : undefined;
};

/**
 * Waits for the turn of a document that is new.
 *
 * @param held as `NewDocumentGate.enter` has it
 * @returns whether there is still somebody to be answered
 * @throws TooManyNewDocumentsError, with the header `Retry-After` set
 */
export const takeTurn = async (
  gate: NewDocumentGate,
  client: string,
  reply: FastifyReply,
  held?: (leave: () => void) => void,
): Promise<boolean> => {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  reply.raw.once('close', leave);
  try {
    await gate.enter(client, gone.signal, held);
    return true;
  } catch (error) {
    if (gone.signal.aborted) {
      reply.hijack();
      return false;
    }
    if (error instanceof TooManyNewDocumentsError)
      void reply.header('retry-after', error.retryAfter);
    throw error;
  } finally {
    reply.raw.off('close', leave);
  }
};

/**
 * A hook behind the reading of the body: what was parsed and found valid before goes on, and is
 * noted as `known`; anything else waits for its turn.
 *
 * Calls back with a TooManyNewDocumentsError where there are too many.
 */
export const admitNewDocuments =
  ({ documents, gate }: AdmitOptions) =>
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const client = request.caller?.client ?? '';
    gate.noteRequest(client);
    const text = textIn(request);
    const sha256 = text === undefined ? '' : documentSha256(text);
    const document = documents.find(sha256);
    if (text !== undefined && document) request.known = { text, document };
    if (text === undefined || document) {
      done();
      return;
    }
    // The turn lasts until it was read, or was refused: whatever else is waited for before.
    takeTurn(gate, client, reply, (leave) => {
      documents.expect(sha256, client, leave);
      reply.raw.once('finish', leave).once('close', leave);
    }).then((isThere) => {
      if (isThere) done();
    }, done);
  };
