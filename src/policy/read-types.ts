import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  type ObjectTypeDefinitionNode,
} from 'graphql';
import type { Problem } from '../core/errors.ts';
import type { SubjectModel } from '../directives/subject.ts';
import type { TableModel } from '../directives/table.ts';
import {
  declaredSource,
  declaredSubject,
  type DomainField,
  type DomainType,
  type FieldGuard,
  type KeyedTable,
  type PersonModel,
} from './model.ts';
import { whereIs } from './parse-sdl.ts';
import type { DirectiveReader } from './read-directives.ts';

/** `birthDate` → `birth_date` */
export const snakeCase = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();

/** Where the rows of a type concern somebody: the @about as written, resolved later. */
export interface RawAbout {
  readonly subject?: string;
  readonly through?: string;
  readonly type?: string;
  readonly where: string;
}

/** A type as read; `subject` is still to be resolved across types. */
export interface RawType {
  readonly type: Omit<DomainType, 'subject'>;
  readonly about?: RawAbout;
}

interface FieldContext {
  readonly schema: GraphQLSchema;
  readonly reader: DirectiveReader;
  readonly problems: Problem[];
  readonly typeName: string;
  readonly table: KeyedTable;
  /** The column that names the person, where the rows are persons. */
  readonly personId?: string;
  /** The type being read is declared. */
  readonly declared: boolean;
  /** All types that persons declare themselves. */
  readonly declaredTypes: ReadonlySet<string>;
}

const guardOf = (node: FieldDefinitionNode, coordinate: string, c: FieldContext): FieldGuard => {
  const shield = c.reader.one('shield', node, coordinate);
  const open = c.reader.one('open', node, coordinate);
  if (shield && open) {
    c.problems.push({
      where: whereIs(node),
      what: `\`${coordinate}\` is both @shield and @open`,
      mend: 'keep @shield where the field discloses something about a person, @open where it does not',
    });
  }
  if (shield)
    return { kind: 'shield', ...shield, ...(c.declared && declaredGuard(node, coordinate, c)) };
  return open ? { kind: 'open' } : { kind: 'bare' };
};

/** What persons declare is zero-party data, and each field of it is shared by itself. */
const declaredGuard = (node: FieldDefinitionNode, coordinate: string, c: FieldContext) => {
  const origin = node.directives
    ?.find(({ name }) => name.value === 'shield')
    ?.arguments?.find(({ name }) => name.value === 'origin')?.value;
  if (origin?.kind === Kind.ENUM && origin.value !== 'ZERO_PARTY') {
    c.problems.push({
      where: whereIs(node),
      what: `\`${coordinate}\` is declared by the person and its @shield calls it ${origin.value}`,
      mend: 'take `origin` away: what a person declares is ZERO_PARTY',
    });
  }
  return { origin: 'ZERO_PARTY' as const, declared: coordinate };
};

const singleKey = (key: readonly string[], where: string, problems: Problem[]): string => {
  if (key.length > 1) {
    problems.push({
      where,
      what: 'a @join without `from` uses the key of its table, and this key has several columns',
      mend: 'name the column of this table with `from`',
    });
  }
  return key[0] ?? 'id';
};

const readField = (node: FieldDefinitionNode, c: FieldContext): DomainField | undefined => {
  const name = node.name.value;
  const coordinate = `${c.typeName}.${name}`;
  const where = whereIs(node);
  const complain = (what: string, mend: string): undefined => {
    c.problems.push({ where, what, mend });
  };
  const guard = guardOf(node, coordinate, c);
  const column = c.reader.one('column', node, coordinate);
  const join = c.reader.one('join', node, coordinate);
  const derived = c.reader.one('derived', node, coordinate);
  if ([column, join, derived].filter(Boolean).length > 1) {
    complain(
      `\`${coordinate}\` has more than one of @column, @join and @derived`,
      'keep the one that says where its value comes from',
    );
  }
  if (node.arguments && node.arguments.length > 0) {
    complain(
      `\`${coordinate}\` declares arguments, which nothing would read`,
      'take the arguments away; `first` is generated for lists of rows',
    );
  }
  // parseSdl has validated the document against the schema built from it.
  const owner = c.schema.getType(c.typeName);
  const field = isObjectType(owner) ? owner.getFields()[name] : undefined;
  if (!field) return undefined;
  const type = getNullableType(field.type);
  const nullable = !isNonNullType(field.type);
  const named = getNamedType(field.type);
  if (guard.kind === 'shield' && !nullable) {
    complain(
      `\`${coordinate}\` is @shield-ed and non-null, so withholding it would break the answer`,
      `write its type without the last \`!\``,
    );
  }
  const base = { name, coordinate, guard, where };
  if (c.declared) {
    const more = [column, join, derived].some(Boolean);
    if (more || !isLeafType(named) || guard.kind !== 'shield') {
      complain(
        `\`${coordinate}\` is declared by the person and ${more ? 'says where else its value comes from' : isLeafType(named) ? 'is not @shield-ed' : 'leads to rows'}`,
        'let it be a nullable scalar, an enum or a list of them, with `@shield(category: …)` and nothing else',
      );
      return;
    }
    const graphqlType = isListType(type) ? `[${named.name}]` : named.name;
    return { kind: 'column', ...base, column: name, graphqlType };
  }
  if (c.declaredTypes.has(named.name) && !join && !column && !derived) {
    if (c.personId === undefined || isListType(type) || guard.kind !== 'bare') {
      complain(
        `\`${coordinate}\` leads to what a person declared, and ${c.personId === undefined ? `\`${c.typeName}\` is no @subject type` : isListType(type) ? 'is a list' : 'has a rule of its own'}`,
        `write it on the persons’ type as \`${name}: ${named.name}\`; each field of \`${named.name}\` has its own rule`,
      );
      return;
    }
    return {
      kind: 'join',
      ...base,
      members: [named.name],
      list: false,
      nullable,
      own: c.personId,
      theirs: declaredSubject,
    };
  }
  if (derived) {
    if (!isLeafType(named)) {
      complain(
        `\`${coordinate}\` is @derived and leads to \`${named.name}\`, whose fields no rule would stand before`,
        'let it be a scalar, an enum or a list of them',
      );
      return;
    }
    return { kind: 'derived', ...base, from: derived.from };
  }
  if (!join) {
    if (!isLeafType(named)) {
      complain(
        `\`${coordinate}\` leads to \`${named.name}\` and has no @join`,
        'say with @join which columns lead there',
      );
      return;
    }
    const graphqlType = isListType(type) ? `[${named.name}]` : named.name;
    return { kind: 'column', ...base, column: column?.name ?? snakeCase(name), graphqlType };
  }
  if (isLeafType(named)) {
    complain(`\`${coordinate}\` has @join but no rows as its type`, 'take @join away');
    return;
  }
  const list = isListType(type);
  if (isListType(type) && isListType(getNullableType(type.ofType))) {
    complain(`\`${coordinate}\` is a list of lists of rows`, 'make it one list');
    return;
  }
  if (isAbstractType(named) && !list) {
    complain(
      `\`${coordinate}\` is a single \`${named.name}\`, and one key does not say in which table`,
      'make it a list, or name one concrete type',
    );
  }
  const members = isAbstractType(named)
    ? c.schema.getPossibleTypes(named).map((member) => member.name)
    : [named.name];
  const key = (): string => singleKey(c.table.key, where, c.problems);
  const own = join.from ?? (list || join.via !== undefined ? key() : (join.on ?? key()));
  const theirs =
    join.via === undefined && join.on !== undefined && (list || join.from !== undefined)
      ? { theirs: join.on }
      : {};
  const via =
    join.via !== undefined && join.on !== undefined && join.to !== undefined
      ? { via: { table: join.via, on: join.on, to: join.to } }
      : {};
  return { kind: 'join', ...base, members, list, nullable, own, ...theirs, ...via };
};

/** The key that @table names, or the column that the field `id` shows. */
const keyed = (
  table: TableModel,
  node: ObjectTypeDefinitionNode,
  reader: DirectiveReader,
): KeyedTable => {
  if (table.key) return { ...table, key: table.key };
  const id = node.fields?.find(({ name }) => name.value === 'id');
  const column = id && reader.one('column', id, `${node.name.value}.id`)?.name;
  return { ...table, key: [column ?? 'id'] };
};

/** Persons are known by the key of their table, unless @subject says otherwise. */
const personOf = (
  subject: SubjectModel,
  { key }: KeyedTable,
  where: string,
  problems: Problem[],
): PersonModel => {
  const [only = 'id', second] = key;
  if (subject.id === undefined && second !== undefined) {
    problems.push({
      where,
      what: '@subject without `id` uses the key of its table, and this key has several columns',
      mend: 'name the column that holds the person’s id with `id`',
    });
  }
  return { ...subject, id: subject.id ?? only };
};

/** A type whose rows the gateway keeps for the persons who told them. */
const readDeclared = (
  node: ObjectTypeDefinitionNode,
  personType: string | undefined,
  c: Pick<FieldContext, 'schema' | 'reader' | 'problems' | 'declaredTypes'>,
): RawType => {
  const name = node.name.value;
  const where = whereIs(node);
  for (const other of ['table', 'subject', 'about'] as const) {
    if (c.reader.all(other, node, name).length === 0) continue;
    c.problems.push({
      where,
      what: `\`${name}\` is @declared and @${other}`,
      mend: `take @${other} away: the gateway keeps what persons declare, each for themself`,
    });
  }
  const table = { source: declaredSource, name, key: [declaredSubject], root: false };
  const context = { ...c, typeName: name, table, declared: true };
  const fields = (node.fields ?? []).flatMap((field) => readField(field, context) ?? []);
  return {
    type: {
      name,
      where,
      table,
      declared: true,
      fields: new Map(fields.map((field) => [field.name, field])),
    },
    about: {
      subject: declaredSubject,
      ...(personType !== undefined && { type: personType }),
      where,
    },
  };
};

const rootNames = new Set(['Query', 'Mutation', 'Subscription']);

/**
 * Reads every object type of the domain SDL. Types of the governance SDL are passed over by
 * `isDomain`, which tells by a node whether the data owner wrote it.
 */
export const readTypes = (
  document: DocumentNode,
  schema: GraphQLSchema,
  reader: DirectiveReader,
  isDomain: (node: DefinitionNode) => boolean,
  problems: Problem[],
): ReadonlyMap<string, RawType> => {
  const types = new Map<string, RawType>();
  const declaredTypes = new Set(
    document.definitions.flatMap((node) =>
      node.kind === Kind.OBJECT_TYPE_DEFINITION &&
      node.directives?.some((directive) => directive.name.value === 'declared')
        ? [node.name.value]
        : [],
    ),
  );
  for (const node of document.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION || !isDomain(node)) continue;
    const name = node.name.value;
    const where = whereIs(node);
    // `type String` would not be read at all; check-definitions says so.
    if (!isObjectType(schema.getType(name))) continue;
    const written = reader.one('table', node, name);
    const declared = reader.one('declared', node, name);
    if (declared && !rootNames.has(name)) {
      types.set(
        name,
        readDeclared(node, declared.person, { schema, reader, problems, declaredTypes }),
      );
      continue;
    }
    if (written === undefined || rootNames.has(name)) {
      problems.push({
        where,
        what: rootNames.has(name)
          ? `\`${name}\` is generated and may not be written`
          : `\`${name}\` has no @table, so nothing says where its rows come from`,
        mend: rootNames.has(name)
          ? 'take it away; root fields come from the types'
          : `write \`type ${name} @table(source: "…", name: "…")\``,
      });
      continue;
    }
    const table = keyed(written, node, reader);
    const subject = reader.one('subject', node, name);
    const person = subject && personOf(subject, table, where, problems);
    const about = reader.one('about', node, name);
    if (person && about) {
      problems.push({
        where,
        what: `\`${name}\` is both @subject and @about`,
        mend: 'keep @subject where each row is a person, @about where it concerns one',
      });
    }
    const context = {
      schema,
      reader,
      problems,
      typeName: name,
      table,
      declared: false,
      declaredTypes,
      ...(person && { personId: person.id }),
    };
    const fields = (node.fields ?? []).flatMap((field) => readField(field, context) ?? []);
    types.set(name, {
      type: {
        name,
        where,
        table,
        ...(person && { person }),
        fields: new Map(fields.map((field) => [field.name, field])),
      },
      ...(about && { about: { ...about, where } }),
    });
  }
  return types;
};
