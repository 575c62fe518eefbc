import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  getOperationAST,
  Kind,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Config, Limits } from '../config/config.ts';
import { BoundedMap } from '../core/bounded-map.ts';
import { deepFreeze } from '../config/freeze.ts';
import type { Caller } from '../identity/caller.ts';
import { whileThere } from './admit-new-documents.ts';
import { limitRules } from './limit-rules.ts';
import type { NewDocumentGate } from './new-document-gate.ts';
import { isShort, readPublicRequest, type Asked } from './public-request.ts';

/** Who asks without a token: nobody in particular, who may do nothing in particular. */
export const publicCaller: Caller = deepFreeze({
  client: 'public',
  sub: 'public',
  purposes: new Set<string>(),
  mayWriteConsent: false,
  mayReadAudit: false,
  scopes: new Set<string>(),
  claims: {},
});

/** Root fields that may be asked for without a token. */
const publicFields: ReadonlySet<string> = new Set(['processing', '__typename']);

/** Each repeats a part of the register, and they multiply. */
const mostAliases = 4;
/** Verdicts kept. */
const mostVerdicts = 1_000;

/** Whether all fields at the root, through fragments and whatever @skip says, are public. */
const isPublicRoot = (
  { selections }: SelectionSetNode,
  document: DocumentNode,
  seen: Set<string>,
): boolean =>
  selections.every((selection) => {
    if (selection.kind === Kind.FIELD) return publicFields.has(selection.name.value);
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return isPublicRoot(selection.selectionSet, document, seen);
    const { value: name } = selection.name;
    if (seen.has(name)) return true;
    seen.add(name);
    const fragment = document.definitions.find(
      (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === name,
    );
    return (
      fragment?.kind === Kind.FRAGMENT_DEFINITION &&
      isPublicRoot(fragment.selectionSet, document, seen)
    );
  });

/** No directive on it either: `@for` names a purpose, and purposes go by tokens. */
const isPublicOperation = (operation: OperationDefinitionNode, document: DocumentNode): boolean =>
  operation.operation === OperationTypeNode.QUERY &&
  (operation.directives ?? []).length === 0 &&
  isPublicRoot(operation.selectionSet, document, new Set());

/**
 * Whether a document may be answered to anybody: it is valid, and so is none but public operations.
 * INVARIANT: the others are looked at too, and what is invalid is not told. Else one public
 * operation would let anybody ask of another whether it fits the schema.
 */
const isPublic = (
  { query, operationName }: Asked,
  schema: GraphQLSchema,
  limits: Limits,
): boolean => {
  let document: DocumentNode;
  try {
    document = parse(query, { maxLexicalTokens: limits.maxTokens });
  } catch {
    return false;
  }
  if (!getOperationAST(document, operationName)) return false;
  const fits = document.definitions.every(
    (one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ||
      (one.kind === Kind.OPERATION_DEFINITION && isPublicOperation(one, document)),
  );
  if (!fits) return false;
  const rules = limitRules({ ...limits, maxAliases: Math.min(mostAliases, limits.maxAliases) });
  return validate(schema, document, [...specifiedRules, ...rules], { maxErrors: 1 }).length === 0;
};

/** Lets requests without a token through if they ask for what is public, and for nothing else. */
export interface PublicOperations {
  /** By its headers alone; before anything of it is read. */
  mayBe(request: FastifyRequest): boolean;
  /** The payload to go on with where it asks for nothing but what is public. */
  admit(
    request: FastifyRequest,
    reply: FastifyReply,
    payload: Readable,
  ): Promise<Readable | undefined>;
}

/**
 * Judges what may be asked without a token: `Query.processing`, in a valid document, by itself. Nothing
 * where only registered operations are answered: these are clients', and whose they are tokens say.
 */
export const createPublicOperations = (
  schema: GraphQLSchema,
  { limits, operations }: Pick<Config, 'limits' | 'operations'>,
  gate: NewDocumentGate,
): PublicOperations => {
  const verdicts = new BoundedMap<string, boolean>(mostVerdicts);

  /** Looked at once: nobody in particular would else have us read the same again and again. */
  const judge = async (asked: Asked, reply: FastifyReply): Promise<boolean> => {
    const text = JSON.stringify([asked.query, asked.operationName ?? null]);
    const sha256 = createHash('sha256').update(text).digest('base64');
    const known = verdicts.get(sha256);
    if (known !== undefined) return known;
    const there = await whileThere(reply, (signal) => gate.enter(publicCaller.client, signal));
    if (!there) return false;
    const verdict = isPublic(asked, schema, limits);
    verdicts.set(sha256, verdict, 1);
    return verdict;
  };

  return {
    mayBe: (request) =>
      operations === 'ANY' &&
      request.headers.authorization === undefined &&
      request.headers['sayso-purpose'] === undefined &&
      isShort(request),
    admit: async (request, reply, payload) => {
      const read = await readPublicRequest(request, payload);
      return read && (await judge(read.asked, reply)) ? read.payload : undefined;
    },
  };
};
