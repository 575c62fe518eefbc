import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';

/** Room for the register's every field, written out; nobody unknown may have more of us read. */
const mostBytes = 8_192;
/** For how long a body from nobody in particular is waited for. */
const patienceMs = 5_000;

/** What a request says, in whichever of the two ways. */
export interface Asked {
  readonly query: string;
  readonly operationName: string | undefined;
}

type Raw = Readonly<Record<string, unknown>>;
const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parameters: ReadonlySet<string> = new Set([
  'query',
  'operationName',
  'variables',
  'extensions',
]);

/** Clients name themselves in `extensions`; documents kept elsewhere are not what was looked at. */
const isHarmless = (value: unknown): boolean =>
  value === undefined || value === null || (isRaw(value) && !('persistedQuery' in value));

const readAsked = (raw: unknown): Asked | undefined => {
  if (!isRaw(raw) || !Object.keys(raw).every((key) => parameters.has(key))) return undefined;
  const { query, operationName, variables, extensions } = raw;
  if (typeof query !== 'string' || !isHarmless(variables) || !isHarmless(extensions))
    return undefined;
  if (operationName === undefined || operationName === null)
    return { query, operationName: undefined };
  return typeof operationName === 'string' ? { query, operationName } : undefined;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** As the handler behind reads it; `undefined` for what is no address. */
export const searchOf = ({ url }: FastifyRequest): string | undefined =>
  URL.canParse(url, 'http://localhost/') ? new URL(url, 'http://localhost/').search : undefined;

/** A parameter given twice means one thing here and perhaps another elsewhere. */
const readSearch = (search: string): Asked | undefined => {
  const given = [...new URLSearchParams(search)];
  if (new Set(given.map(([key]) => key)).size !== given.length) return undefined;
  const isJson = (key: string): boolean => key === 'variables' || key === 'extensions';
  // What is no JSON becomes a text, which `readAsked` refuses.
  return readAsked(
    Object.fromEntries(
      given.map(([key, text]) => [key, isJson(key) ? (parseJson(text) ?? text) : text]),
    ),
  );
};

const readBody = (bytes: Buffer): Asked | undefined => {
  const text = bytes.toString('utf8');
  // Bytes that are no UTF-8 could be read otherwise by somebody else.
  return Buffer.from(text, 'utf8').equals(bytes) ? readAsked(parseJson(text)) : undefined;
};

const isPlainJson = ({ headers }: FastifyRequest): boolean =>
  /^application\/json *(;|$)/i.test(headers['content-type'] ?? '') &&
  headers['content-encoding'] === undefined;

/** The bytes of a body; `undefined` for one too long, too slow, or broken off. */
const bytesOf = (payload: Readable): Promise<Buffer | undefined> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (bytes: Buffer | undefined): void => {
      clearTimeout(timer);
      payload.off('data', take).off('end', finish).off('error', stop).off('close', stop);
      // The answer goes out over the same connection; the rest of the body is let fall.
      if (bytes === undefined) payload.on('error', () => undefined).resume();
      resolve(bytes);
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > mostBytes) settle(undefined);
      else chunks.push(chunk);
    };
    const finish = (): void => settle(Buffer.concat(chunks));
    const stop = (): void => settle(undefined);
    const timer = setTimeout(stop, patienceMs);
    payload.on('data', take).on('end', finish).on('error', stop).on('close', stop);
  });

/** Whether the headers announce a request for GraphQL that is short enough to be read for anybody. */
export const isShort = (request: FastifyRequest): boolean => {
  const { method, headers } = request;
  const search = searchOf(request);
  if (method === 'GET') return search !== undefined && search.length <= mostBytes;
  const length = Number(headers['content-length'] ?? 0);
  return method === 'POST' && search === '' && isPlainJson(request) && length <= mostBytes;
};

/**
 * Reads a short request; `undefined` when it is not in every way as GraphQL over HTTP has it. The
 * payload to go on with holds the very bytes that were read.
 */
export const readPublicRequest = async (
  request: FastifyRequest,
  payload: Readable,
): Promise<{ readonly asked: Asked; readonly payload: Readable } | undefined> => {
  if (request.method === 'GET') {
    const asked = readSearch(searchOf(request) ?? '');
    return asked && { asked, payload };
  }
  const bytes = await bytesOf(payload);
  const asked = bytes && readBody(bytes);
  return asked && { asked, payload: Readable.from([bytes]) };
};
