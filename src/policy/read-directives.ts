import {
  getDirectiveValues,
  valueFromAST,
  type ConstDirectiveNode,
  type DirectiveNode,
  type GraphQLDirective,
  type GraphQLSchema,
} from 'graphql';
import type { Problem } from '../core/errors.ts';
import { parsers, type DirectiveModels, type DirectiveName } from '../directives/parsers.ts';
import { whereIs } from './parse-sdl.ts';

interface Carrier {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

/** The arguments that have a value of their type; the others are left out. */
const readableArgs = (definition: GraphQLDirective, { arguments: nodes }: DirectiveNode) => {
  const args: Record<string, unknown> = {};
  for (const { name, type, defaultValue } of definition.args) {
    const node = nodes?.find((argument) => argument.name.value === name);
    const value: unknown = node ? valueFromAST(node.value, type) : undefined;
    args[name] = value === undefined ? defaultValue : value;
  }
  return args;
};

/** Reads the directives of one SDL node into their models, complaining into `problems`. */
export class DirectiveReader {
  readonly #schema: GraphQLSchema;
  readonly #problems: Problem[];
  readonly #isBroken: (node: DirectiveNode) => boolean;

  /** @param isBroken whether a problem is already known of the directive: it is then read as far as it goes */
  constructor(
    schema: GraphQLSchema,
    problems: Problem[],
    isBroken: (node: DirectiveNode) => boolean = () => false,
  ) {
    this.#schema = schema;
    this.#problems = problems;
    this.#isBroken = isBroken;
  }

  /** The model of the directive, or nothing where the node does not carry it. */
  one<K extends DirectiveName>(
    name: K,
    node: Carrier,
    owner: string,
  ): DirectiveModels[K] | undefined {
    return this.all(name, node, owner)[0];
  }

  /** The models of a repeatable directive, in SDL order. */
  all<K extends DirectiveName>(name: K, node: Carrier, owner: string): DirectiveModels[K][] {
    return (node.directives ?? [])
      .filter((directive) => directive.name.value === name)
      .map((directive) => this.#parse(name, directive, owner));
  }

  #parse<K extends DirectiveName>(
    name: K,
    directive: DirectiveNode,
    owner: string,
  ): DirectiveModels[K] {
    const definition = this.#schema.getDirective(name);
    if (!definition) throw new Error(`schema/governance does not define @${name}`);
    const broken = this.#isBroken(directive);
    const args = broken
      ? readableArgs(definition, directive)
      : (getDirectiveValues(definition, { directives: [directive] }) ?? {});
    return parsers[name](args, {
      where: whereIs(directive),
      owner,
      report: (problem) => {
        if (!broken) this.#problems.push(problem);
      },
    });
  }
}
