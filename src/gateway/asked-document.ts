import type { GraphQLRequest } from '@apollo/server';
import { SaysoError } from '../core/errors.ts';

/** How a request names its document. */
export interface AskedDocument {
  /** The text, where the request has one. */
  readonly query: string | undefined;
  /** The hash it is named by, as written; no promise that it is one. */
  readonly hash: string | undefined;
}

const wrong = (message: string): SaysoError =>
  new SaysoError(message, { code: 'BAD_REQUEST', status: 400 });

type Raw = Readonly<Record<string, unknown>>;
const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const ownOf = (value: unknown, key: string): unknown =>
  isRaw(value) && Object.hasOwn(value, key) ? value[key] : undefined;

/** Apollo's form: `extensions: { persistedQuery: { version: 1, sha256Hash } }`. */
const persistedQueryOf = (extensions: unknown): string | undefined => {
  const asked = ownOf(extensions, 'persistedQuery');
  if (asked === undefined || asked === null) return undefined;
  const hash = ownOf(asked, 'sha256Hash');
  if (ownOf(asked, 'version') !== 1 || typeof hash !== 'string')
    throw wrong('`persistedQuery` needs `version: 1` and a text in `sha256Hash`');
  return hash;
};

/** The form of GraphQL over HTTP (appendix A, draft): `documentId`, in the body or in the address. */
const documentIdOf = (http: GraphQLRequest['http']): string | undefined => {
  const isGet = http?.method === 'GET';
  const given = isGet ? new URLSearchParams(http.search).getAll('documentId') : [];
  const [id] = isGet ? given : [ownOf(http?.body, 'documentId')];
  if (id === undefined || id === null) return undefined;
  if (given.length > 1 || typeof id !== 'string')
    throw wrong('`documentId` is one text, such as `sha256:…`');
  return id.replace(/^sha256:/, '');
};

/**
 * What a request asks for, in either of the two forms.
 * @throws SaysoError BAD_REQUEST where it contradicts itself or a name has the wrong form
 */
export const readAskedDocument = ({
  query,
  extensions,
  http,
}: Pick<GraphQLRequest, 'query' | 'extensions' | 'http'>): AskedDocument => {
  const persisted = persistedQueryOf(extensions);
  const documentId = documentIdOf(http);
  if (persisted !== undefined && documentId !== undefined && persisted !== documentId)
    throw wrong('`persistedQuery` and `documentId` name different documents');
  return { query, hash: documentId ?? persisted };
};
