import type { FastifyInstance } from 'fastify';

/** A connection is kept open for its next request no longer than this, once there will be none. */
const idleMs = 100;

/**
 * Lets requests finish when a server closes, and then cuts what is left. Whoever never sends the rest of
 * a request, or reads no answer, would else keep it from ending: Node looks for them no more by then. And
 * it closes what is idle when the end begins, but keeps what was busy open for a next request.
 */
export const endWithin = (app: Pick<FastifyInstance, 'addHook' | 'server'>, ms: number): void => {
  app.addHook('preClose', (done) => {
    const { server } = app;
    const cut = setTimeout(() => server.closeAllConnections(), ms).unref();
    const release = setInterval(() => server.closeIdleConnections(), idleMs).unref();
    server.once('close', () => {
      clearTimeout(cut);
      clearInterval(release);
    });
    done();
  });
};
