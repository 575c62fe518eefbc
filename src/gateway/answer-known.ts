import type { GraphQLRequest } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import {
  getOperationAST,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionResult,
} from 'graphql';
import { BoundedMap } from '../core/bounded-map.ts';
import type { Caller } from '../identity/caller.ts';
import { readGpc } from '../identity/read-gpc.ts';
import { documentSha256 } from '../operations/document-sha256.ts';
import type { Admit, Admitted } from './admit-operations.ts';
import { AnswerBytes } from './answer-bytes.ts';
import { documentHash } from './document-hash.ts';
import type { KnownDocuments } from './known-documents.ts';
import type { createPipeline } from './pipeline.ts';

/** What was carried out before Apollo Server had a look at the request, which then tells of it. */
export interface CarriedOut extends Admitted {
  readonly result: ExecutionResult;
}

/** The document whose text a request has. */
export interface AskedText {
  readonly text: string;
  readonly sha256: string;
  /** Where it was parsed and found valid before. */
  readonly document: DocumentNode | undefined;
}

export interface KnownOptions {
  readonly documents: Pick<KnownDocuments, 'find'>;
  readonly admit: Admit;
  readonly pipeline: ReturnType<typeof createPipeline>;
}

/** Characters of `Accept` headers kept. */
const mostCharacters = 10_000;

type Fields = Readonly<Record<string, unknown>>;

const nothing = (): undefined => undefined;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Left out, null, or fields. */
const mayBeFields = (value: unknown): value is Fields | null | undefined =>
  value === undefined || value === null || isFields(value);

/** Left out, null, or a name. */
const mayBeName = (value: unknown): value is string | null | undefined =>
  value === undefined || value === null || (typeof value === 'string' && value !== '');

interface Body extends Fields {
  readonly query?: string;
  readonly operationName?: string | null;
  readonly variables?: Fields | null;
  readonly extensions?: Fields | null;
}

/** A body about whose form Apollo Server would have nothing to say. */
const isPlain = (body: unknown): body is Body =>
  isFields(body) &&
  (body['query'] === undefined || typeof body['query'] === 'string') &&
  mayBeName(body['operationName']) &&
  mayBeFields(body['variables']) &&
  mayBeFields(body['extensions']);

/** An answer in bytes and its content type, or what is left to be told. */
export type Known =
  | { readonly answer: AnswerBytes; readonly type: string }
  | { readonly answer: undefined; readonly carriedOut: CarriedOut };

/**
 * The short way to an answer: a query that was parsed and found valid before, sent as most clients
 * do, goes straight to the pipeline. Nothing is decided here. Whatever is out of the ordinary is
 * Apollo Server's to look at and to tell of, an operation that is not let in for one; and so is every
 * answer that is made of values: what the pipeline made of it is handed on, so that nothing is
 * carried out twice.
 */
export class KnownOperations {
  readonly #options: KnownOptions;
  /** By the header `Accept`: the type that Apollo Server has given such an answer. Its choice alone. */
  readonly #types = new BoundedMap<string, string>(mostCharacters);

  constructor(options: KnownOptions) {
    this.#options = options;
  }

  /** Remembers how Apollo Server has named an answer in bytes to this request. */
  learn({ headers }: FastifyRequest, type: unknown): void {
    const accept = headers.accept ?? '';
    if (typeof type === 'string') this.#types.set(accept, type, accept.length + type.length);
  }

  /**
   * @param asked what was found out of the request's own text before
   * @returns nothing where Apollo Server is to see to all of it
   * @throws what the pipeline throws
   */
  async carryOut(
    { method, body, headers }: FastifyRequest,
    caller: Caller,
    asked: AskedText | null,
  ): Promise<Known | undefined> {
    const type = this.#types.get(headers.accept ?? '');
    if (type === undefined || method !== 'POST' || !isPlain(body)) return undefined;
    const letIn = this.#letIn(body, caller);
    const admitted = letIn instanceof Promise ? await letIn : letIn;
    if (admitted === undefined) return undefined;
    const { registered, refusal } = admitted.admission;
    const document =
      asked?.text === admitted.text
        ? (asked.document ?? this.#options.documents.find(asked.sha256))
        : this.#options.documents.find(documentSha256(admitted.text));
    if (document === undefined) return undefined;
    const operation = getOperationAST(document, body.operationName);
    // A change waits for Apollo's own checks: it cannot be taken back.
    if (operation?.operation !== OperationTypeNode.QUERY) return undefined;
    const result = await this.#options.pipeline({
      document,
      documentHash: documentHash(document),
      operation,
      operationName: body.operationName ?? undefined,
      variables: body.variables ?? {},
      caller,
      purposeHeader: headers['sayso-purpose'],
      gpc: readGpc(headers['sec-gpc']),
      registered,
      refusal,
    });
    return result instanceof AnswerBytes
      ? { answer: result, type }
      : { answer: undefined, carriedOut: { ...admitted, result } };
  }

  /** Nothing where it is not let in, or where nothing is asked: both are told by the long way. */
  #letIn(body: Body, { client }: Caller): ReturnType<Admit> {
    const { query, extensions } = body;
    const request = { query, extensions, http: { method: 'POST', body } };
    try {
      const admitted = this.#options.admit(request as GraphQLRequest, client);
      return admitted instanceof Promise ? admitted.catch(nothing) : admitted;
    } catch {
      return undefined;
    }
  }
}
