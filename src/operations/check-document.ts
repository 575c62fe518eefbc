import {
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  visit,
  type ASTNode,
  type DocumentNode,
  type OperationDefinitionNode,
  type ValidationRule,
} from 'graphql';
import { SaysoError, type Problem } from '../core/errors.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { compilePlan } from '../policy/compile-plan.ts';
import { documentSha256 } from './document-sha256.ts';
import type { DocumentPlace, DocumentText } from './document-text.ts';
import type { OperationDraft } from './registered-operation.ts';

/** What documents are held against: the same as the gateway holds requests against. */
export interface DocumentRules {
  readonly policy: Policy;
  /** Besides those of GraphQL: depth and aliases. */
  readonly limits: readonly ValidationRule[];
  readonly maxTokens: number;
  readonly introspection: boolean;
  /** For documents that name none themselves. */
  readonly purpose: string | undefined;
}

/** A document that may be registered, or all that is wrong with it. */
export type CheckedDocument =
  | { readonly ok: true; readonly draft: OperationDraft }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** As the table has it. */
const mostBytes = 1_000_000;

const placeOf = (node: ASTNode | undefined): DocumentPlace | undefined => {
  const start = node?.loc?.startToken;
  return start && { line: start.line, column: start.column };
};

/** Collects what is wrong with one document. */
class Findings {
  readonly #document: DocumentText;
  readonly problems: Problem[] = [];

  constructor(document: DocumentText) {
    this.#document = document;
  }

  add(what: string, mend: string, at?: DocumentPlace): void {
    this.problems.push({ where: this.#document.where(at), what, mend });
  }

  addGraphQL({ message, locations }: GraphQLError, mend: string): void {
    this.add(message, mend, locations?.[0]);
  }
}

const parsed = (
  { text }: DocumentText,
  { maxTokens }: DocumentRules,
  findings: Findings,
): DocumentNode | undefined => {
  try {
    return parse(text, { maxLexicalTokens: maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    findings.addGraphQL(error, 'correct the document; `limits.tokens` bounds its length');
    return undefined;
  }
};

const theOperation = (
  { definitions }: DocumentNode,
  findings: Findings,
): OperationDefinitionNode | undefined => {
  const operations = definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  const [operation, second] = operations;
  if (second)
    findings.add(
      `has ${operations.length} operations`,
      'give each operation a document of its own, with the fragments it uses',
      placeOf(second),
    );
  else if (!operation)
    findings.add('has no operation', 'give it one; fragments go with the operation that uses them');
  else if (operation.operation === OperationTypeNode.SUBSCRIPTION)
    findings.add('is a subscription, which is not served here', 'take it away', placeOf(operation));
  else return operation;
  return undefined;
};

/** `@for` of an operation: a name, or a variable whose value only the request knows. */
const declaredIn = ({ directives }: OperationDefinitionNode) => {
  const node = directives?.find(({ name }) => name.value === 'for');
  const value = node?.arguments?.[0]?.value;
  return {
    at: placeOf(node),
    name: value?.kind === Kind.ENUM ? value.value : undefined,
    variable: value?.kind === Kind.VARIABLE,
  };
};

/** Whether it reads data of persons, whatever @skip and @include say. @throws PlanError */
const isPersonal = (policy: Policy, document: DocumentNode): boolean => {
  const whole = visit(document, {
    Directive: ({ name }) => (['skip', 'include'].includes(name.value) ? null : undefined),
  });
  const operation = whole.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  if (!operation) return false;
  const request = { policy, document: whole, operation, variables: {}, refused: new Set<string>() };
  return compilePlan({ ...request, purpose: undefined }).personalTypes.length > 0;
};

/** The purpose to pin. What is wrong goes into the findings. */
const purposeFor = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { policy, purpose: given }: DocumentRules,
  findings: Findings,
): string | undefined => {
  const { name, variable, at } = declaredIn(operation);
  if (variable && given === undefined)
    findings.add(
      'takes its purpose from a variable, and a registered one is pinned',
      'write the purpose into `@for`, or push it with `--purpose`',
      at,
    );
  if (name !== undefined && given !== undefined && name !== given)
    findings.add(
      `is for \`${name}\`, and \`--purpose\` says \`${given}\``,
      'push it without `--purpose`, or with the same',
      at,
    );
  const purpose = name ?? given;
  try {
    if (purpose === undefined && !variable && isPersonal(policy, document))
      findings.add(
        'touches personal data and names no purpose',
        'write `@for(purpose: …)` behind the name of the operation, or push it with `--purpose`',
        placeOf(operation),
      );
  } catch (error) {
    if (!(error instanceof SaysoError)) throw error;
    findings.add(error.message, 'ask for less at once', placeOf(operation));
  }
  return purpose;
};

/** Holds a document against the policy and the limits of the deployment, as a request is. */
export const checkDocument = (document: DocumentText, rules: DocumentRules): CheckedDocument => {
  const findings = new Findings(document);
  const { text, named } = document;
  const sha256 = documentSha256(text);
  if (named !== undefined && named !== sha256)
    findings.add(
      'its key is not the SHA-256 of the document',
      "have the manifest made with SHA-256: `hashAlgorithm: 'sha256'` (GraphQL Code Generator), `algorithm: 'SHA256'` (Relay)",
    );
  if (Buffer.byteLength(text) > mostBytes)
    findings.add('is larger than 1 MB', 'split the operation');
  const tree = parsed(document, rules, findings);
  const operation = tree && theOperation(tree, findings);
  if (!tree || !operation) return { ok: false, problems: findings.problems };
  const all = [
    ...specifiedRules,
    ...(rules.introspection ? [] : [NoSchemaIntrospectionCustomRule]),
    ...rules.limits,
  ];
  for (const error of validate(rules.policy.schema, tree, all))
    findings.addGraphQL(error, 'correct the document, or the schema it was written for');
  if (findings.problems.length > 0) return { ok: false, problems: findings.problems };
  const purpose = purposeFor(tree, operation, rules, findings);
  if (findings.problems.length > 0) return { ok: false, problems: findings.problems };
  return { ok: true, draft: { sha256, document: text, operation: operation.name?.value, purpose } };
};
