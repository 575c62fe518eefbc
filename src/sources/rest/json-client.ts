import { Pool, type Dispatcher } from 'undici';
import type { RequestSignals } from '../source.ts';
import { parseJson } from './read-json.ts';
import { RestFailure } from './rest-failure.ts';

export interface JsonClientOptions {
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly poolSize: number;
  readonly timeoutMs: number;
}

/** What all requests of one read share. */
export interface Reading {
  /** How many bytes may still come. */
  bytesLeft: number;
  /** Ends them all. */
  readonly stop: AbortSignal;
  readonly signals: RequestSignals;
}

const ignore = (): void => undefined;

/** `application/json`, or another type that is written in JSON, such as `application/hal+json`. */
const isJson = ({ 'content-type': type, 'content-encoding': coded }: Answer['headers']): boolean =>
  typeof type === 'string' &&
  /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type) &&
  (coded === undefined || coded === 'identity');

type Answer = Dispatcher.ResponseData;

/** GETs JSON from one origin: no redirects, nothing but 200, within its time and size. */
export class JsonClient {
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;

  constructor(options: JsonClientOptions) {
    const { url, headers, poolSize, timeoutMs } = options;
    this.#timeoutMs = timeoutMs;
    const own = [...headers].map(([name, value]) => [name.toLowerCase(), value] as const);
    this.#headers = { accept: 'application/json', ...Object.fromEntries(own) };
    this.#pool = new Pool(new URL(url).origin, {
      connections: poolSize,
      connect: { timeout: timeoutMs },
      // One clock for all of a request, below: these begin anew with every byte.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** @throws RestFailure, or an error of undici */
  async get(target: string, reading: Reading): Promise<unknown> {
    const clock = new AbortController();
    const timer = setTimeout(() => clock.abort(new RestFailure('TIMEOUT')), this.#timeoutMs);
    try {
      const answer = await this.#pool.request({
        method: 'GET',
        path: target,
        headers: { ...this.#headers, ...(reading.signals.gpc && { 'sec-gpc': '1' }) },
        signal: AbortSignal.any([clock.signal, reading.stop]),
      });
      return await readBody(answer, reading);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

const readBody = async (answer: Answer, reading: Reading): Promise<unknown> => {
  const { statusCode, headers, body } = answer;
  body.on('error', ignore);
  const problem =
    statusCode !== 200
      ? (`STATUS_${statusCode}` as const)
      : isJson(headers)
        ? undefined
        : 'NOT_JSON';
  if (problem !== undefined) {
    body.destroy();
    throw new RestFailure(problem);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    reading.bytesLeft -= chunk.length;
    // Leaving the loop closes the connection.
    if (reading.bytesLeft < 0) throw new RestFailure('TOO_MANY_BYTES');
    chunks.push(chunk);
  }
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    // The parser's own message quotes what it read.
    throw new RestFailure('NOT_JSON');
  }
};
