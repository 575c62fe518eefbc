import { once } from 'node:events';
import { createServer } from 'node:net';
import { ConfigError } from '../core/errors.ts';

const reasons: Readonly<Record<string, string | undefined>> = {
  EADDRINUSE: 'another program listens there already',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
};

/**
 * Listens for a moment, so that a port that is taken is told before anything is loaded.
 *
 * @returns the port; for 0 one that was free just now
 * @throws ConfigError when nothing can listen there
 */
export const checkPort = async (host: string, port: number): Promise<number> => {
  const server = createServer();
  try {
    server.listen({ host, port });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : port;
  } catch (error) {
    const reason = reasons[(error as { code?: string }).code ?? ''];
    if (reason === undefined) throw error;
    const mend = 'set PORT to another one; 0 takes any that is free';
    throw new ConfigError([{ where: `${host}:${port}`, what: reason, mend }]);
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
};
