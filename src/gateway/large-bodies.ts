import type { FastifyReply, FastifyRequest, preParsingHookHandler, RequestPayload } from 'fastify';
import { whileThere } from './admit-new-documents.ts';
import type { NewDocumentGate } from './new-document-gate.ts';

/** Bytes of a body that is read whoever sends it: most screens' documents are far smaller. */
const smallBytes = 16_384;

/** A body that takes a while to be read. */
export interface LargeBody {
  /** Milliseconds since the last of it has come. */
  spent(): number;
  /** It is known what document it holds. */
  judged(): void;
  /** It was not read as it came. */
  readonly waited: boolean;
}

/** One that does not say how long it is may be large. */
const isLarge = ({ method, headers }: FastifyRequest): boolean =>
  method === 'POST' && !(Number(headers['content-length']) <= smallBytes);

/**
 * A hook before the reading of the body. Bytes, text and the text's JSON of a body as large as may be
 * take longer to make than its document takes to be refused, and stay in memory while it waits. So a
 * large body of a client whose new documents wait is not read before these have had their turn, and
 * what reading it takes counts for the document's turn. All other bodies are read at once.
 *
 * Calls back with a TooManyNewDocumentsError where there are too many.
 */
export const readLargeBodies =
  (gate: NewDocumentGate) =>
  (
    request: FastifyRequest,
    reply: FastifyReply,
    payload: RequestPayload,
    done: Parameters<preParsingHookHandler>[3],
  ): void => {
    if (!isLarge(request) || request.caller === null) {
      done(null, payload);
      return;
    }
    const { client } = request.caller;
    const read = (judged: () => void, waited: boolean): void => {
      let since: number | undefined;
      // The first to be told, so before it becomes text.
      payload.once('end', () => (since = performance.now()));
      const spent = (): number => (since === undefined ? 0 : performance.now() - since);
      request.largeBody = { spent, judged, waited };
      done(null, payload);
    };
    if (gate.readsFreely(client)) {
      read(() => undefined, false);
      return;
    }
    whileThere(reply, (signal) => gate.mayRead(client, signal)).then((there) => {
      if (!there) return;
      reply.raw.once('close', there.came);
      read(there.came, true);
    }, done);
  };
