import type { FastifyInstance } from 'fastify';

/**
 * Lets requests finish when a server closes, and then cuts what is left. Whoever never sends the rest of
 * a request, or reads no answer, would else keep it from ending: Node looks for them no more by then.
 */
export const endWithin = (app: Pick<FastifyInstance, 'addHook' | 'server'>, ms: number): void => {
  app.addHook('preClose', (done) => {
    const cut = setTimeout(() => app.server.closeAllConnections(), ms).unref();
    app.server.once('close', () => clearTimeout(cut));
    done();
  });
};
