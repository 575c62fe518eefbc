import { PurposeError, type PurposeErrorCode } from '../core/errors.ts';
import type { Caller } from './caller.ts';
import { isGraphqlName } from './read-caller.ts';

/** Where a request may say what it is for. */
export interface PurposeInput {
  /** The header `Sayso-Purpose`, as Node gives it: several lines arrive joined by commas or as a list. */
  readonly header: string | readonly string[] | undefined;
  /** The argument of `@for(purpose:)` on the operation. */
  readonly directive: string | undefined;
  /** What the operation is registered for, which may be no purpose; absent for one sent freely. */
  readonly registered?: { readonly purpose: string | undefined } | undefined;
  /** All purposes of the policy. */
  readonly known: ReadonlySet<string>;
  readonly caller: Caller;
}

/** Purposes this caller may name, in alphabetical order. */
const allowed = (caller: Caller, known: ReadonlySet<string>): readonly string[] =>
  Object.freeze([...known].filter((purpose) => caller.purposes.has(purpose)).toSorted());

// A client's text goes into messages and logs only when it can be nothing but a name.
const named = (purpose: string): string =>
  isGraphqlName(purpose) && purpose.length <= 64 ? `the purpose \`${purpose}\`` : 'the purpose';

const readHeader = (header: PurposeInput['header']): readonly string[] =>
  (typeof header === 'string' ? [header] : (header ?? []))
    .flatMap((line) => line.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');

/**
 * The purpose a request is for, from the header `Sayso-Purpose` and `@for(purpose:)`, or `undefined`
 * when neither says one (an empty header says none). A registered operation is for what it was
 * registered for, and they may only repeat it.
 *
 * @throws {PurposeError} `PURPOSE_CONFLICT` when they name different ones, `PURPOSE_UNKNOWN` when
 *   the policy has no such purpose (both 400), `PURPOSE_NOT_ALLOWED` when it is not among the
 *   token's scopes (403). All list `allowedPurposes`.
 */
export const resolvePurpose = (input: PurposeInput): string | undefined => {
  const { header, directive, registered, known, caller } = input;
  // What most requests say: one purpose, as it is written. Below comes the same of it.
  const isPlain = typeof header === 'string' && directive === undefined && registered === undefined;
  if (isPlain && known.has(header) && caller.purposes.has(header)) return header;
  const values = new Set(readHeader(header));
  if (directive !== undefined) values.add(directive);
  const departs = registered && [...values].some((one) => one !== registered.purpose);
  if (registered?.purpose !== undefined) values.add(registered.purpose);
  const [purpose] = values;
  if (purpose === undefined) return undefined;
  const refuse = (message: string, code: PurposeErrorCode): never => {
    throw new PurposeError(
      message,
      code,
      allowed(caller, known),
      code === 'PURPOSE_NOT_ALLOWED' ? purpose : undefined,
    );
  };
  if (registered && departs === true) {
    const pinned = registered.purpose === undefined ? 'no purpose' : `\`${registered.purpose}\``;
    return refuse(
      `this operation is registered for ${pinned}, and \`Sayso-Purpose\` or \`@for\` names another`,
      'PURPOSE_CONFLICT',
    );
  }
  if (values.size > 1)
    return refuse('`Sayso-Purpose` and `@for` name more than one purpose', 'PURPOSE_CONFLICT');
  if (!known.has(purpose)) return refuse(`${named(purpose)} is not known`, 'PURPOSE_UNKNOWN');
  if (!caller.purposes.has(purpose))
    return refuse(`${named(purpose)} is not among the scopes of the token`, 'PURPOSE_NOT_ALLOWED');
  return purpose;
};

/** The refusal of an operation that touches personal data and names no purpose (400). */
export const missingPurpose = (caller: Caller, known: ReadonlySet<string>): PurposeError =>
  new PurposeError(
    'personal data need a purpose: send `Sayso-Purpose` or write `@for(purpose:)`',
    'PURPOSE_MISSING',
    allowed(caller, known),
  );
