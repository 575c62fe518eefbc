import type { Problem } from '../core/errors.ts';

/** Where an argument stood and how to complain about it. */
export interface At {
  /** `file:line:column` of the directive. */
  readonly where: string;
  /** What carries it, for messages: `Customer.email`, `enum value PURPOSE.ADS`. */
  readonly owner: string;
  readonly report: (problem: Problem) => void;
}

/** Arguments as graphql-js coerced them by the definition in `schema/governance/directives.graphql`. */
export type DirectiveArgs = Readonly<Record<string, unknown>>;

/** Turns the coerced arguments into a plain model; complains through `at.report` and never throws. */
export type DirectiveParser<Model> = (args: DirectiveArgs, at: At) => Model;

/** A coerced argument that the definition makes a string. */
export const text = (args: DirectiveArgs, name: string): string =>
  (args[name] as string | undefined) ?? '';

/** A coerced optional string. */
export const optionalText = (args: DirectiveArgs, name: string): string | undefined =>
  (args[name] as string | null | undefined) ?? undefined;

/** A coerced optional string that names something, so it is not empty where it is given. */
export const optionalName = (args: DirectiveArgs, name: string, at: At): string | undefined => {
  const value = optionalText(args, name);
  return value === undefined ? undefined : notEmpty(value, name, at);
};

/** A coerced list of strings or enum values; empty when left out. */
export const texts = (args: DirectiveArgs, name: string): readonly string[] =>
  (args[name] as readonly string[] | null | undefined) ?? [];

/** Complains when a string that names something is empty. */
export const notEmpty = (value: string, argument: string, at: At): string => {
  if (value.trim() === '') {
    at.report({
      where: at.where,
      what: `\`${argument}\` on \`${at.owner}\` is empty`,
      mend: `give \`${argument}\` a value`,
    });
  }
  return value;
};
