import type { ApolloServerPlugin, GraphQLRequest } from '@apollo/server';
import type { Config } from '../config/config.ts';
import { NotRegisteredError, SaysoError } from '../core/errors.ts';
import type { Caller } from '../identity/caller.ts';
import { documentSha256 } from '../operations/document-sha256.ts';
import type { OperationRegistry } from '../operations/operation-registry.ts';
import { isSha256 } from '../operations/registered-operation.ts';
import { readAskedDocument, type AskedDocument } from './asked-document.ts';
import type { OperationRequest } from './operation.ts';

/** How a request was let in, or why it was not. */
export type Admission = Pick<OperationRequest, 'registered' | 'refusal'>;

/** An operation that is let in. */
export interface Admitted {
  /** Of its document, whatever the request named it by. */
  readonly text: string;
  readonly admission: Admission;
}

/** What requests carry: set by the plugin before anything is parsed. */
export interface AdmittedContext {
  readonly caller: Caller;
  admission?: Admission;
  /** Was let in and carried out before. */
  readonly carriedOut?: Admitted | undefined;
}

type Mode = Config['operations'];
type Registry = Pick<OperationRegistry, 'find'>;

const wrongHash = (): SaysoError =>
  new SaysoError('the hash is not that of `query`', { code: 'BAD_REQUEST', status: 400 });

const halfCharacter = (): SaysoError =>
  new SaysoError('`query` holds half of a surrogate pair; send whole characters', {
    code: 'BAD_REQUEST',
    status: 400,
  });

/** What of a request says which operation is asked for. */
type Asking = Parameters<typeof readAskedDocument>[0];

/**
 * Lets an operation of a client in; nothing where none is asked for. At once where nothing has to be
 * looked up.
 * @throws SaysoError where it is not let in
 */
export type Admit = (
  request: Asking,
  client: string,
) => Admitted | undefined | Promise<Admitted | undefined>;

/**
 * Lets operations in: those that are registered, and where any may be sent all others.
 */
export const createAdmission =
  (registry: Registry, mode: Mode): Admit =>
  (request, client) => {
    const asked = readAskedDocument(request);
    const { query, hash: named } = asked;
    // UTF-8 has no such halves: the hash would be that of another text, which may be known.
    if (query?.isWellFormed() === false) throw halfCharacter();
    // Nothing that would have to be registered.
    if (named === undefined && query !== undefined && mode === 'ANY')
      return { text: query, admission: freely };
    return admitRegistered(registry, mode, asked, client);
  };

const freely: Admission = {};

const admitRegistered = async (
  registry: Registry,
  mode: Mode,
  { query, hash: named }: AskedDocument,
  client: string,
): Promise<Admitted | undefined> => {
  const hash = query === undefined ? named : documentSha256(query);
  if (hash === undefined) return undefined;
  if (named !== undefined && named !== hash) throw wrongHash();
  const found = isSha256(hash) ? await registry.find(client, hash) : undefined;
  if (found) return { text: found.document, admission: { registered: { purpose: found.purpose } } };
  if (query !== undefined && mode === 'ANY') return { text: query, admission: freely };
  throw new NotRegisteredError(query === undefined ? 'hash' : 'text');
};

/** Apollo would take it for its own automatic persisted queries, which are off. */
const withoutPersistedQuery = ({ extensions }: GraphQLRequest): GraphQLRequest['extensions'] =>
  extensions &&
  Object.fromEntries(Object.entries(extensions).filter(([key]) => key !== 'persistedQuery'));

/**
 * Puts the text of a registered operation in the place of its hash, and what is refused out of the
 * way of the parser: the pipeline gets the refusal with an empty document, answers it and logs it.
 */
export const admitOperations = <Context extends AdmittedContext>(
  admit: Admit,
): ApolloServerPlugin<Context> => ({
  requestDidStart: async ({ request, contextValue }) => {
    try {
      const { caller, carriedOut } = contextValue;
      const admitted = carriedOut ?? (await admit(request, caller.client));
      contextValue.admission = admitted?.admission ?? {};
      if (admitted) request.query = admitted.text;
    } catch (error) {
      contextValue.admission = {
        refusal: error instanceof Error ? error : new Error(typeof error),
      };
      request.query = '{ __typename }';
      delete request.operationName;
      delete request.variables;
    }
    const extensions = withoutPersistedQuery(request);
    if (extensions) request.extensions = extensions;
  },
});
