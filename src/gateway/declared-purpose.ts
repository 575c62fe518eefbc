import { getDirectiveValues, Kind, type OperationDefinitionNode } from 'graphql';
import type { Policy } from '../policy/compile-policy.ts';

/** The purpose that `@for` names. */
export const declaredPurpose = (
  policy: Policy,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): string | undefined => {
  const directive = policy.schema.getDirective('for');
  return directive
    ? (getDirectiveValues(directive, operation, variables)?.['purpose'] as string | undefined)
    : undefined;
};

/** The same where variables are wrong: an unknown purpose is then told as that, with those allowed. */
export const purposeAsWritten = (
  { directives }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): string | undefined => {
  const value = directives?.find(({ name }) => name.value === 'for')?.arguments?.[0]?.value;
  if (value?.kind === Kind.ENUM) return value.value;
  const given = value?.kind === Kind.VARIABLE ? value.name.value : '';
  const raw = Object.hasOwn(variables, given) ? variables[given] : undefined;
  return typeof raw === 'string' ? raw : undefined;
};
