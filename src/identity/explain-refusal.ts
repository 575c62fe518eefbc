import { errors } from 'jose';
import { IdentityError } from '../core/errors.ts';

const claims: Readonly<Record<string, string>> = {
  iss: 'the token is from another issuer',
  aud: 'the token is meant for another audience',
  nbf: 'the token is not valid yet',
};

const byCode: Readonly<Record<string, string>> = {
  [errors.JWTExpired.code]: 'the token has expired',
  [errors.JOSEAlgNotAllowed.code]: 'the token is signed with an algorithm that is not allowed',
  [errors.JWSSignatureVerificationFailed.code]: 'the signature of the token does not verify',
  [errors.JWKSNoMatchingKey.code]: 'no key of the issuer fits the token',
  [errors.JWKSMultipleMatchingKeys.code]: 'the signature of the token does not verify',
  [errors.JWSInvalid.code]: 'the token is malformed',
  [errors.JWTInvalid.code]: 'the token is malformed',
  [errors.JOSENotSupported.code]: 'the token uses an extension that is not supported',
};

const explainClaim = ({ claim, reason }: errors.JWTClaimValidationFailed): string => {
  if (reason === 'missing') return `the token lacks the claim \`${claim}\``;
  return claims[claim] ?? `the claim \`${claim}\` of the token has the wrong form`;
};

/**
 * Says in plain words which check refused a token, never what the token holds. jose's errors carry
 * all claims, and loggers write all of an error, so the original stays as `cause` only where it
 * concerns the issuer's keys and not the token.
 */
export const explainRefusal = (error: unknown): IdentityError => {
  if (error instanceof IdentityError) return error;
  // jose names the claim it looked for, which is one of a fixed few.
  if (error instanceof errors.JWTClaimValidationFailed)
    return new IdentityError(explainClaim(error));
  const known = error instanceof errors.JOSEError ? byCode[error.code] : undefined;
  if (known !== undefined) return new IdentityError(known);
  return new IdentityError('the token cannot be verified', { cause: error });
};
