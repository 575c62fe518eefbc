import {
  getDirectiveValues,
  type ConstDirectiveNode,
  type DirectiveNode,
  type GraphQLSchema,
} from 'graphql';
import type { Problem } from '../core/errors.ts';
import { parsers, type DirectiveModels, type DirectiveName } from '../directives/parsers.ts';
import { whereIs } from './parse-sdl.ts';

interface Carrier {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

/** Reads the directives of one SDL node into their models, complaining into `problems`. */
export class DirectiveReader {
  readonly #schema: GraphQLSchema;
  readonly #problems: Problem[];

  constructor(schema: GraphQLSchema, problems: Problem[]) {
    this.#schema = schema;
    this.#problems = problems;
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
    const args = getDirectiveValues(definition, { directives: [directive] }) ?? {};
    return parsers[name](args, {
      where: whereIs(directive),
      owner,
      report: (problem) => this.#problems.push(problem),
    });
  }
}
