import type { DocumentNode, GraphQLFieldResolver, OperationDefinitionNode } from 'graphql';
import type { GovernedReader } from '../decision/governed-reader.ts';
import type { WithheldNotes } from '../decision/withheld.ts';
import type { Caller } from '../identity/caller.ts';
import type { Consents } from '../decision/identified-consents.ts';
import type { ConsentInput } from '../core/consent.ts';
import type { Appended } from '../ledger/consent-store.ts';
import type { Plan } from '../policy/plan.ts';

/** An operation as any transport hands it over: parsed, validated, its caller identified. */
export interface OperationRequest {
  readonly document: DocumentNode;
  /** Of the document without its values; see `document-hash.ts`. */
  readonly documentHash: string;
  /** Absent when the document does not have the one asked for. */
  readonly operation: OperationDefinitionNode | undefined;
  readonly operationName: string | undefined;
  /** As the client sent them. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  /** The header `Sayso-Purpose`. */
  readonly purposeHeader: string | readonly string[] | undefined;
  /** The request carries the Global Privacy Control signal. */
  readonly gpc: boolean;
  /** The document is registered: for this purpose, or for none. Absent for a document sent freely. */
  readonly registered?: { readonly purpose: string | undefined } | undefined;
  /** Why it is not carried out; `document` stands for one that nobody has parsed. */
  readonly refusal?: Error | undefined;
}

/** How something is said: see `Consents.append`. */
export type SayHow = NonNullable<Parameters<Consents['append']>[1]>;

/** What resolvers see of the operation they belong to. Nobody else may see what they read. */
export interface OperationContext {
  readonly plan: Plan;
  readonly caller: Caller;
  readonly notes: WithheldNotes;
  /** The request carries the Global Privacy Control signal. */
  readonly gpc: boolean;
  /** Writes into the audit entry that a person saw these fields of their own. */
  readonly noteAccess: (coordinates: readonly string[], subject: number) => void;
  /**
   * Counts objects about to go into the answer. False once they are more than one answer may hold:
   * the operation is refused then, and nothing further is worth making.
   */
  readonly spend: (objects: number) => boolean;
  /** Of now: a mutation moves on to the head it made. */
  readonly reader: () => GovernedReader;
  /** Remembers that the ledger took a change that was not said through `say`. */
  readonly noteChange: (head: number) => void;
  /** Appends what the caller says and moves this operation's view to it. */
  readonly say: (inputs: readonly ConsentInput[], how: SayHow) => Promise<Appended>;
}

/** A resolver of ours; arguments are narrowed to what the SDL makes them. */
export type Resolver = GraphQLFieldResolver<
  unknown,
  OperationContext,
  Readonly<Record<string, unknown>>
>;
