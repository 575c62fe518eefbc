import fastify, { type FastifyInstance } from 'fastify';
import { endWithin } from '../core/end-within.ts';
import type { Witness } from './witness.ts';

export interface WitnessServerOptions {
  readonly witness: Witness;
  /** Told to whoever opens the address. */
  readonly vkey: string;
  readonly onError: (error: unknown) => void;
}

const path = '/add-checkpoint';
/** 63 hashes, and a checkpoint with the signatures of many. */
const mostBytes = 128 * 1024;
/** An answer takes milliseconds. */
const endingMs = 2_000;
const text = 'text/plain; charset=utf-8';

/** A witness over HTTP. Only signatures of logs let anybody in, so there are no tokens. */
export const createWitnessServer = ({
  witness,
  vkey,
  onError,
}: WitnessServerOptions): FastifyInstance => {
  const app = fastify({
    bodyLimit: mostBytes,
    requestTimeout: 10_000,
    forceCloseConnections: 'idle',
  });
  endWithin(app, endingMs);
  // The protocol does not name a type, and clients send many.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: unknown, _request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number };
    if (statusCode >= 500) onError(error);
    const message =
      statusCode === 413
        ? `a request has at most ${mostBytes} bytes`
        : statusCode < 500
          ? 'the request could not be read'
          : 'this witness cannot sign at the moment; its operator was told why';
    return reply.code(statusCode).type(text).send(`${message}\n`);
  });
  app.setNotFoundHandler((request, reply) => {
    void reply.type(text);
    if (request.url.split('?')[0] !== path) return reply.code(404).send('there is nothing here\n');
    return reply.code(405).header('allow', 'POST').send(`send \`${path}\` by POST\n`);
  });
  app.post(path, (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const answer = witness.addCheckpoint(body);
    return reply.code(answer.status).type(answer.contentType).send(answer.body);
  });
  app.get<{ Params: { hash: string } }>('/:hash/checkpoint', (request, reply) => {
    const note = witness.checkpoint(request.params.hash);
    void reply.type(text);
    return note === undefined ? reply.code(404).send('no such log was cosigned\n') : note;
  });
  app.get('/', (_request, reply) => reply.type(text).send(`${vkey}\n`));
  return app;
};
