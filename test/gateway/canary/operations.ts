import { membersOf, pluralOf, types, type Field, type Type } from './model.ts';
import type { Oracle } from './oracle.ts';
import type { Dice } from './domain.ts';

/** A piece of a generated operation; the printer writes it as GraphQL, the oracle reads it as it is. */
export interface Selection {
  readonly kind: 'field' | 'inline' | 'spread';
  /** Of the field, or of the fragment. */
  readonly name: string;
  readonly alias?: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Type condition of a fragment. */
  readonly on?: string;
  readonly below?: readonly Selection[];
  /** What @skip and @include come to. */
  readonly shown?: boolean;
  /** `@skip` and `@include` as written. */
  readonly marks?: string;
}

export interface Operation {
  readonly selections: readonly Selection[];
  readonly text: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Writes operations, one after another. */
export class OperationWriter {
  readonly #dice: Dice;
  readonly #oracle: Oracle;
  #names = 0;
  #fragments: string[] = [];
  #variables = new Map<string, { readonly type: string; readonly value: unknown }>();
  #left = 0;

  constructor(dice: Dice, oracle: Oracle) {
    this.#dice = dice;
    this.#oracle = oracle;
  }

  query(head: (name: string, variables: string) => string): Operation {
    this.#begin();
    const roots = [...types.values()].filter((type) => type.root);
    const selections = Array.from({ length: 1 + this.#dice(2) }, () =>
      this.#root(roots[this.#dice(roots.length)]!),
    );
    return this.#finish(selections, head, (body) => body);
  }

  /** What a change of consent is asked to show of the person. */
  payload(field: string): Operation & { readonly customer: readonly Selection[] } {
    this.#begin();
    const customer = this.#row(types.get('Customer')!, 2);
    const selections: Selection[] = [{ kind: 'field', name: 'customer', below: customer }];
    const operation = this.#finish(
      selections,
      (name, variables) => `mutation ${name}${variables}`,
      (body) => `{ ${field} ${body} }`,
    );
    return { ...operation, customer };
  }

  #begin(): void {
    this.#names = 0;
    this.#fragments = [];
    this.#variables = new Map();
    this.#left = 30;
  }

  #finish(
    selections: readonly Selection[],
    head: (name: string, variables: string) => string,
    wrap: (body: string) => string,
  ): Operation {
    const body = wrap(this.#print(selections));
    const declared = [...this.#variables].map(([name, { type }]) => `$${name}: ${type}`).join(', ');
    const text = [
      `${head('Op', declared === '' ? '' : `(${declared})`)} ${body}`,
      ...this.#fragments,
    ].join('\n');
    const variables = Object.fromEntries(
      [...this.#variables].map(([name, { value }]) => [name, value]),
    );
    return { selections, text, variables };
  }

  #chance(oneIn: number): boolean {
    return this.#dice(oneIn) === 0;
  }

  #fresh(prefix: string): string {
    this.#names += 1;
    return `${prefix}${this.#names}`;
  }

  /** An alias now and then; where there are arguments always, or fields could not be merged. */
  #alias(needed = false): { readonly alias?: string } {
    return needed || this.#chance(4) ? { alias: this.#fresh('a') } : {};
  }

  #condition(): { readonly shown?: boolean; readonly marks?: string } {
    if (!this.#chance(8)) return {};
    const value = this.#chance(2);
    const written = this.#chance(2) ? String(value) : this.#variable('Boolean!', value);
    const skip = this.#chance(2);
    return {
      shown: skip ? !value : value,
      marks: ` @${skip ? 'skip' : 'include'}(if: ${written})`,
    };
  }

  #variable(type: string, value: unknown): string {
    const name = this.#fresh('v');
    this.#variables.set(name, { type, value });
    return `$${name}`;
  }

  #root(type: Type): Selection {
    const one = type.name.charAt(0).toLowerCase() + type.name.slice(1);
    const rows = this.#oracle.sorted(type);
    const chosen = rows[this.#dice(rows.length)]!;
    if (this.#chance(3)) {
      const id = this.#chance(10) ? 'none' : String(chosen[type.key]);
      return {
        kind: 'field',
        name: one,
        alias: this.#fresh('r'),
        args: { id },
        below: this.#row(type, 3),
      };
    }
    const args: Record<string, unknown> = {};
    if (this.#chance(2)) args['first'] = this.#dice(7);
    if (this.#chance(3))
      args['after'] = this.#oracle.cursors.get(`${type.name} ${String(chosen[type.key])}`) ?? null;
    return {
      kind: 'field',
      name: pluralOf(one),
      alias: this.#fresh('r'),
      args,
      below: this.#connection(type),
    };
  }

  #connection(type: Type): readonly Selection[] {
    const parts: Selection[] = [];
    const add = (name: string, below: readonly Selection[]): void => {
      parts.push({ kind: 'field', name, ...this.#alias(), below, ...this.#condition() });
    };
    if (!this.#chance(4)) add('nodes', this.#row(type, 3));
    if (this.#chance(3)) add('nodes', this.#row(type, 2));
    if (this.#chance(2)) {
      add('edges', [
        { kind: 'field', name: 'cursor' },
        { kind: 'field', name: 'node', ...this.#alias(), below: this.#row(type, 2) },
        ...(this.#chance(3)
          ? [{ kind: 'field', name: 'node', ...this.#alias(), below: this.#row(type, 1) } as const]
          : []),
      ]);
    }
    if (this.#chance(2)) {
      add('pageInfo', [
        { kind: 'field', name: 'hasNextPage' },
        { kind: 'field', name: 'hasPreviousPage' },
        { kind: 'field', name: 'startCursor' },
        { kind: 'field', name: 'endCursor', ...this.#alias() },
      ]);
    }
    return [...parts, { kind: 'field', name: '__typename', ...this.#alias() }];
  }

  /** Selections over rows of a type or of one of several. */
  #row(type: Type, depth: number): readonly Selection[] {
    const chosen: Selection[] = [{ kind: 'field', name: '__typename', ...this.#alias() }];
    const fields = [...type.fields.values()];
    const wanted = 1 + this.#dice(6);
    for (let i = 0; i < wanted; i += 1) {
      const field = this.#field(fields[this.#dice(fields.length)]!, depth);
      if (field) chosen.push(this.#wrapped(field, type.name));
    }
    return chosen;
  }

  /** Now and then in a fragment, named or not, with a type condition or none. */
  #wrapped(selection: Selection, typeName: string): Selection {
    if (!this.#chance(6)) return selection;
    const below = [selection];
    if (this.#chance(2)) {
      const on = this.#chance(2) ? { on: typeName } : {};
      return { kind: 'inline', name: '', ...on, below, ...this.#condition() };
    }
    const name = this.#fresh('F');
    return { kind: 'spread', name, on: typeName, below, ...this.#condition() };
  }

  #field(field: Field, depth: number): Selection | undefined {
    if (!field.join) {
      return { kind: 'field', name: field.name, ...this.#alias(), ...this.#condition() };
    }
    this.#left -= 1;
    if (depth <= 0 || this.#left < 0) return undefined;
    const args: Record<string, unknown> = {};
    if (field.list && this.#chance(4)) args['first'] = this.#dice(4);
    const members = membersOf(field.named);
    const below =
      members.length === 1
        ? this.#row(types.get(field.named)!, depth - 1)
        : this.#several(field.named, members, depth - 1);
    return {
      kind: 'field',
      name: field.name,
      ...this.#alias(Object.keys(args).length > 0),
      args,
      below,
      ...this.#condition(),
    };
  }

  #several(abstract: string, members: readonly string[], depth: number): readonly Selection[] {
    const chosen: Selection[] = [{ kind: 'field', name: '__typename' }];
    for (const member of members) {
      if (this.#chance(5)) continue;
      const below = this.#row(types.get(member)!, depth);
      const named = this.#chance(2);
      chosen.push({
        kind: named ? 'spread' : 'inline',
        name: named ? this.#fresh('F') : '',
        on: member,
        below,
        ...this.#condition(),
      });
    }
    if (abstract === 'Owned') {
      chosen.push({ kind: 'field', name: 'id' }, { kind: 'field', name: 'note', ...this.#alias() });
    }
    // A fragment on the interface itself, also below the union that its implementors are in.
    if (this.#chance(2)) {
      chosen.push({
        kind: 'inline',
        name: '',
        on: 'Owned',
        below: [{ kind: 'field', name: 'note', alias: this.#fresh('a') }],
      });
    }
    return chosen;
  }

  #print(selections: readonly Selection[]): string {
    return `{ ${selections.map((one) => this.#printOne(one)).join(' ')} }`;
  }

  #printOne({ kind, name, alias, args = {}, on, below, marks = '' }: Selection): string {
    const inner = below ? ` ${this.#print(below)}` : '';
    if (kind === 'inline') return `...${on === undefined ? '' : ` on ${on}`}${marks}${inner}`;
    if (kind === 'spread') {
      this.#fragments.push(`fragment ${name} on ${on ?? ''}${inner}`);
      return `...${name}${marks}`;
    }
    const written = Object.entries(args).map(([key, value]) => {
      const types: Readonly<Record<string, string>> = { id: 'ID!', first: 'Int', after: 'String' };
      const literal = this.#chance(2);
      return `${key}: ${literal ? JSON.stringify(value) : this.#variable(types[key] ?? '', value)}`;
    });
    const list = written.length > 0 ? `(${written.join(', ')})` : '';
    return `${alias === undefined ? '' : `${alias}: `}${name}${list}${marks}${inner}`;
  }
}
