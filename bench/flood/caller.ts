import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { purposes } from '../shop.ts';
import { nextDocument, steadyBody, type FloodKind } from './documents.ts';

/** What a calling process is told. */
export type CallOrder =
  | {
      readonly call: 'steady';
      readonly url: string;
      /** One caller for each. */
      readonly tokens: readonly string[];
      /** Milliseconds between two requests of one caller. */
      readonly every: number;
      readonly milliseconds: number;
    }
  | {
      readonly call: 'flood';
      readonly url: string;
      readonly token: string;
      readonly kind: FloodKind;
      readonly connections: number;
      readonly milliseconds: number;
    };

export interface Called {
  /** Of each request from when it was due to the last byte, milliseconds. Empty for a flood. */
  readonly latencies: readonly number[];
  /** How many were answered, by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

const ask = (url: string, token: string, body: string, agent: Agent): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'sayso-purpose': purposes.measured,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const sent = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(body);
  });

const counting = () => {
  const statuses = new Map<string, number>();
  return {
    count: (status: number) =>
      void statuses.set(String(status), (statuses.get(String(status)) ?? 0) + 1),
    told: (): Called['statuses'] => Object.fromEntries(statuses),
  };
};

/**
 * Sends at its own times, whether answers have come or not, and counts from when a request was due:
 * a gateway that stands still delays all that were due meanwhile, and all of them count.
 */
const callSteadily = async ({
  url,
  tokens,
  every,
  milliseconds,
}: Extract<CallOrder, { call: 'steady' }>): Promise<Called> => {
  const agent = new Agent({ keepAlive: true });
  const { count, told } = counting();
  const latencies: number[] = [];
  const begin = performance.now();
  const caller = async (token: string, place: number): Promise<void> => {
    const under: Promise<void>[] = [];
    // Not all at once.
    for (let due = (place * every) / tokens.length; due < milliseconds; due += every) {
      await sleep(Math.max(0, begin + due - performance.now()));
      under.push(
        ask(url, token, steadyBody, agent).then((status) => {
          count(status);
          latencies.push(performance.now() - begin - due);
        }),
      );
    }
    await Promise.all(under);
  };
  await Promise.all(tokens.map(caller));
  agent.destroy();
  return { latencies, statuses: told() };
};

/** Sends the next as soon as one is answered. */
const callFast = async ({
  url,
  token,
  kind,
  connections,
  milliseconds,
}: Extract<CallOrder, { call: 'flood' }>): Promise<Called> => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { count, told } = counting();
  const end = performance.now() + milliseconds;
  const caller = async (): Promise<void> => {
    while (performance.now() < end)
      // One that is refused by closing the connection is one that was answered.
      count(
        await ask(url, token, JSON.stringify({ query: nextDocument(kind) }), agent).catch(() => 0),
      );
  };
  // What is still waiting then is not waited for.
  await Promise.race([
    Promise.all(Array.from({ length: connections }, caller)),
    sleep(milliseconds + 500),
  ]);
  agent.destroy();
  return { latencies: [], statuses: told() };
};

process.on('message', (order: CallOrder) => {
  (order.call === 'steady' ? callSteadily(order) : callFast(order)).then(
    (called) => process.send?.({ called }),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.send?.('ready');
