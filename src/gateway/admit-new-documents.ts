import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TooManyNewDocumentsError } from '../core/errors.ts';
import type { KnownDocuments } from './known-documents.ts';
import type { NewDocumentGate } from './new-document-gate.ts';

export interface AdmitOptions {
  readonly documents: Pick<KnownDocuments, 'has' | 'expect'>;
  readonly gate: NewDocumentGate;
}

/** The text of the document, where the request has one that Apollo will read. */
const textIn = ({ method, body, query }: FastifyRequest): string | undefined => {
  const from = (method === 'GET' ? query : body) as { readonly query?: unknown } | null | undefined;
  const text = from?.query;
  return typeof text === 'string' ? text : undefined;
};

/**
 * A hook behind the reading of the body: what was parsed and found valid before goes on, anything else
 * waits for its turn.
 *
 * @throws TooManyNewDocumentsError
 */
export const admitNewDocuments =
  ({ documents, gate }: AdmitOptions) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const client = request.caller?.client ?? '';
    gate.noteRequest(client);
    const text = textIn(request);
    if (text === undefined) return;
    const sha256 = createHash('sha256').update(text).digest('hex');
    if (documents.has(sha256)) return;
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    reply.raw.once('close', leave);
    try {
      await gate.enter(client, gone.signal);
    } catch (error) {
      // Nobody is there to be answered.
      if (gone.signal.aborted) reply.hijack();
      else if (error instanceof TooManyNewDocumentsError)
        void reply.header('retry-after', error.retryAfter);
      if (!gone.signal.aborted) throw error;
      return;
    } finally {
      reply.raw.off('close', leave);
    }
    documents.expect(sha256, client);
  };
