import type { ApolloServerPlugin, GraphQLRequest } from '@apollo/server';
import type { Config } from '../config/config.ts';
import { NotRegisteredError, SaysoError } from '../core/errors.ts';
import type { Caller } from '../identity/caller.ts';
import { documentSha256 } from '../operations/document-sha256.ts';
import type { OperationRegistry } from '../operations/operation-registry.ts';
import { isSha256 } from '../operations/registered-operation.ts';
import { readAskedDocument } from './asked-document.ts';
import type { OperationRequest } from './operation.ts';

/** How a request was let in, or why it was not. */
export type Admission = Pick<OperationRequest, 'registered' | 'refusal'>;

/** What requests carry: set by the plugin before anything is parsed. */
export interface AdmittedContext {
  readonly caller: Caller;
  admission?: Admission;
}

type Mode = Config['operations'];
type Registry = Pick<OperationRegistry, 'find'>;

/** The operation's text and how it is let in. @throws SaysoError where it is not */
const admit = async (
  request: GraphQLRequest,
  client: string,
  registry: Registry,
  mode: Mode,
): Promise<Admission> => {
  const { query, hash: named } = readAskedDocument(request);
  const free = query !== undefined && mode === 'ANY';
  // Nothing is asked, or nothing that would have to be registered.
  if (named === undefined && (free || query === undefined)) return {};
  const hash = query === undefined ? named : documentSha256(query);
  if (hash === undefined) return {};
  if (named !== undefined && named !== hash)
    throw new SaysoError('the hash is not that of `query`', { code: 'BAD_REQUEST', status: 400 });
  const found = isSha256(hash) ? await registry.find(client, hash) : undefined;
  if (found) {
    request.query = found.document;
    return { registered: { purpose: found.purpose } };
  }
  if (free) return {};
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
  registry: Registry,
  mode: Mode,
): ApolloServerPlugin<Context> => ({
  requestDidStart: async ({ request, contextValue }) => {
    try {
      contextValue.admission = await admit(request, contextValue.caller.client, registry, mode);
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
