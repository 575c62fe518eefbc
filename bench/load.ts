import { setMaxListeners } from 'node:events';
import { Agent, request } from 'node:http';
import { purposes, query, type Size } from './shop.ts';
import type { Stage } from './stage.ts';
import type { Variant } from './variant.ts';

/** What is asked of a variant. */
export interface Work {
  readonly size: Size;
  /** Requests, in sum. */
  readonly count: number;
  /** Bytes of each answer. */
  readonly length: number;
  /** Requests under way at a time. */
  readonly callers: number;
}

export interface LoadOptions {
  readonly signal: AbortSignal;
  readonly tokens: Stage['tokens'];
}

/** More are never under way at a time. */
export const mostCallers = 1_000;

/** Callers that keep their connections open. */
export class Load {
  readonly #options: LoadOptions;
  readonly #agent: Agent;

  constructor(options: LoadOptions) {
    this.#options = options;
    // Each request listens to it while it is under way.
    setMaxListeners(mostCallers + 1, options.signal);
    this.#agent = new Agent({ keepAlive: true, maxSockets: mostCallers });
  }

  /** The body of one answer. @throws when it is not 200, or an error */
  ask(variant: Variant, size: Size, purpose: keyof typeof purposes = 'measured'): Promise<Buffer> {
    const { signal, tokens } = this.#options;
    const body = JSON.stringify({ query, variables: { first: size } });
    const headers = {
      authorization: `Bearer ${tokens[purpose]}`,
      'sayso-purpose': purposes[purpose],
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    return new Promise((resolve, reject) => {
      const sent = request(
        `${variant.url}/graphql`,
        { method: 'POST', agent: this.#agent, headers, signal },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const bytes = Buffer.concat(chunks);
            if (response.statusCode === 200) resolve(bytes);
            else
              reject(
                new Error(`answered ${response.statusCode}: ${bytes.toString().slice(0, 500)}`),
              );
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Sends that many requests, each caller one after the other. Every answer has this length. */
  async drive(variant: Variant, { size, count, length, callers }: Work): Promise<void> {
    let left = count;
    const caller = async (): Promise<void> => {
      while (left-- > 0) {
        const bytes = await this.ask(variant, size);
        if (bytes.length !== length) {
          throw new Error(`an answer has ${bytes.length} bytes where all others have ${length}`);
        }
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
  }

  close(): void {
    this.#agent.destroy();
  }
}
