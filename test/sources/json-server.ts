import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as an API under test saw it. */
export interface SeenRequest {
  readonly url: URL;
  /** As sent, from the path on. */
  readonly target: string;
  readonly headers: http.IncomingHttpHeaders;
}

/** What an API answers: JSON, or whatever it does with the response by itself. */
export type Answering = (request: SeenRequest, response: http.ServerResponse) => unknown;

export interface JsonServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** What is answered from now on; `undefined` stands for an answer of its own. */
  answer: Answering;
  close(): Promise<void>;
}

/** An HTTP server on loopback that says what a test wants. */
export const startJsonServer = async (answer: Answering): Promise<JsonServer> => {
  const server = http.createServer((request, response) => {
    const target = request.url ?? '';
    const seen = { target, url: new URL(target, 'http://x'), headers: request.headers };
    api.seen.push(seen);
    const value = api.answer(seen, response);
    if (value === undefined) return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(value));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api: JsonServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    answer,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return api;
};
