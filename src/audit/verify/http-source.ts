import { setTimeout as sleep } from 'node:timers/promises';
import { SaysoError } from '../../core/errors.ts';
import type { LogSource } from './log-source.ts';
import { staticSource, type ReadResource } from './static-source.ts';

export interface HttpSourceOptions {
  /** Of one log: `https://gateway.example.com/audit/audit.example.com/1a2b3c4d`. */
  readonly url: string;
  readonly token?: string | undefined;
}

const timeoutMs = 60_000;
const tries = 3;

const unreadable = (message: string, cause?: unknown): SaysoError =>
  new SaysoError(message, { code: 'AUDIT_UNREADABLE', status: 502 }, { cause });

const bodyOf = async (response: Response, path: string, mostBytes: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // The body of fetch is a stream of bytes, whatever its type says.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > mostBytes) throw unreadable(`\`${path}\` has more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const asked = async (
  { url, token }: HttpSourceOptions,
  path: string,
  mostBytes: number,
): Promise<Buffer | undefined> => {
  const response = await fetch(`${url.replace(/\/+$/, '')}/${path}`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(timeoutMs),
    redirect: 'error',
  });
  if (response.status === 200) return bodyOf(response, path, mostBytes);
  await response.body?.cancel();
  if (response.status === 404) return undefined;
  if (response.status === 401 || response.status === 403)
    throw unreadable(
      `\`${path}\` is refused (${response.status}): a token with the scope \`audit:read\` is needed`,
    );
  throw unreadable(`\`${path}\` was answered with ${response.status}`);
};

const readOver =
  (options: HttpSourceOptions): ReadResource =>
  async (path, mostBytes) => {
    for (let tried = 1; ; tried += 1) {
      try {
        return await asked(options, path, mostBytes);
      } catch (error) {
        if (error instanceof SaysoError) throw error;
        if (tried === tries) throw unreadable(`\`${path}\` cannot be reached`, error);
        await sleep(200 * tried);
      }
    }
  };

/** A log behind an address: a gateway's, or an object store that its tiles were copied to. */
export const httpSource = (options: HttpSourceOptions): LogSource =>
  staticSource(`\`${options.url}\``, readOver(options));

const mostListed = 10_000_000;

/**
 * Origins of the logs that a gateway says it has.
 *
 * @param address of all of them, `https://gateway.example.com/audit`
 * @returns nothing where that is not told
 */
export const originsOver = async (
  address: HttpSourceOptions,
): Promise<readonly string[] | undefined> => {
  try {
    const body = await readOver(address)('logs', mostListed);
    const { logs } = JSON.parse(String(body)) as { readonly logs?: unknown };
    return (logs as readonly { readonly origin: unknown }[]).map(({ origin }) => String(origin));
  } catch {
    // Some other server, which has files alone and may refuse what is none.
    return undefined;
  }
};
