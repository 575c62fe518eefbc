import { nearest } from '../core/did-you-mean.ts';
import {
  Kind,
  type DocumentNode,
  type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode,
} from 'graphql';
import { soundFields, type CheckContext } from './check-context.ts';
import { checkNames } from './check-names.ts';
import { checkBetween, checkEnds, checkReach } from './check-relations.ts';
import { checkColumns, checkKey, checkPlace } from './check-tables.ts';
import { demandsOf, fieldsOver, isOwnKey, lacking, shownColumn } from './guards.ts';
import type { DomainType, JoinField } from './model.ts';
import { whereIs } from './parse-sdl.ts';
import type { DirectiveReader } from './read-directives.ts';

/** What the deployment brings besides SDL; names only. */
export interface Surroundings {
  readonly sources: readonly string[];
  readonly rules: readonly string[];
  /** `Type.field` of every resolver that was loaded. */
  readonly resolvers: readonly string[];
}

const oneOf = (wrong: string, right: readonly string[]): string => {
  if (right.length === 0) return 'there is none yet';
  const near = nearest(wrong, right);
  const hint = near === undefined ? '' : `did you mean \`${near}\`? `;
  return `${hint}There are: ${right.join(', ')}`;
};

const missingFrom = (needed: readonly string[], given: readonly string[]): readonly string[] =>
  needed.filter((name) => !given.includes(name));

const checkMarks = (type: DomainType, c: CheckContext): void => {
  if (c.unresolved.has(type.name)) return;
  for (const field of soundFields(type, c)) {
    const { guard, where, coordinate } = field;
    if (!type.subject) {
      if (guard.kind === 'shield') {
        c.report(
          where,
          `\`${coordinate}\` is @shield-ed, but \`${type.name}\` concerns nobody, so nobody could agree`,
          'mark the type @subject or @about, or take @shield away',
        );
      }
      continue;
    }
    if (guard.kind !== 'bare') continue;
    // A list of what points here tells no column of this row, and its rows have rules of their own.
    const isDeclared =
      field.kind === 'join' && field.members.every((member) => c.model.types.get(member)?.declared);
    if (isDeclared) continue;
    const rowsHaveRules =
      field.kind === 'join' &&
      field.list &&
      !field.via &&
      isOwnKey(type, field.own) &&
      field.members.every((member) => c.model.types.get(member)?.subject);
    if (rowsHaveRules) continue;
    c.report(
      where,
      `\`${coordinate}\` is a field of a personal type and neither @shield-ed nor @open`,
      'write `@shield(category: …)` with what it discloses, or `@open(because: "…")`',
    );
  }
};

const checkRules = (type: DomainType, around: Surroundings, c: CheckContext): void => {
  for (const { guard, where, coordinate } of soundFields(type, c)) {
    if (guard.kind !== 'shield') continue;
    for (const rule of missingFrom(guard.rules, around.rules)) {
      c.report(
        where,
        `\`${coordinate}\` names the rule \`${rule}\`, which does not exist`,
        oneOf(rule, around.rules),
      );
    }
  }
};

const checkDerived = (type: DomainType, around: Surroundings, c: CheckContext): void => {
  for (const field of soundFields(type, c)) {
    if (field.kind !== 'derived') continue;
    const { coordinate, where } = field;
    if (!around.resolvers.includes(coordinate)) {
      c.report(
        where,
        `\`${coordinate}\` is @derived and has no resolver`,
        `export \`resolvers.${coordinate}\` from the module that \`resolvers\` names in the configuration`,
      );
    }
    for (const name of field.from) {
      const input = type.fields.get(name);
      if (input?.kind !== 'column') {
        c.report(
          where,
          `\`${coordinate}\` is @derived from \`${name}\`, which is no column field of \`${type.name}\``,
          oneOf(
            name,
            [...type.fields.values()].filter((f) => f.kind === 'column').map((f) => f.name),
          ),
        );
        continue;
      }
      const lacks = lacking(c.model, demandsOf(input), demandsOf(field));
      if (lacks.length === 0) continue;
      c.report(
        where,
        `\`${coordinate}\` would disclose what \`${input.coordinate}\` shields by ${lacks.join(', ')}`,
        `add ${lacks.join(', ')} to its @shield`,
      );
    }
  }
};

const checkTarget = (
  type: DomainType,
  field: JoinField,
  member: string,
  { model, report }: CheckContext,
): void => {
  const { coordinate, where } = field;
  const target = model.types.get(member);
  if (!target) {
    report(
      where,
      `\`${coordinate}\` leads to \`${member}\`, which has no @table`,
      `give \`${member}\` a @table`,
    );
    return;
  }
  if (target.table.source !== type.table.source) {
    if (!field.nullable) {
      report(
        where,
        `\`${coordinate}\` leads to the source \`${target.table.source}\` and is non-null, so an outage there would take \`${type.name}\` along`,
        'write its type without the last `!`',
      );
    }
    if (field.via) {
      report(
        where,
        `\`${coordinate}\` passes a table between into another source`,
        'join within one source',
      );
    }
  }
  if (field.theirs === undefined && target.table.key.length > 1) {
    report(
      where,
      `\`${coordinate}\` leads to \`${member}\`, whose key has several columns`,
      'name the column of the other table with `on`',
    );
  }
};

const checkJoin = (type: DomainType, field: JoinField, c: CheckContext): void => {
  const { coordinate, where } = field;
  if (field.members.length === 0) {
    c.report(
      where,
      `\`${coordinate}\` leads to an interface that no type implements`,
      'write `implements` on the types whose rows it shows',
    );
  }
  for (const member of field.members) checkTarget(type, field, member, c);
  if (!field.list && !field.nullable) {
    c.report(
      where,
      `\`${coordinate}\` is non-null, and the row it leads to may be missing`,
      'write its type without `!`',
    );
  }
  // The look-up would tell what the cell it starts from holds. A single row that shows its own
  // column is compared with the others over that column elsewhere.
  const starts = shownColumn(type, field) === undefined ? fieldsOver(type, field.own) : [];
  for (const cell of starts.filter(c.sound)) {
    const lacks = lacking(c.model, demandsOf(cell), demandsOf(field));
    if (lacks.length === 0) continue;
    c.report(
      where,
      `\`${coordinate}\` follows the column of \`${cell.coordinate}\` and would disclose ${lacks.join(', ')}`,
      `add ${lacks.join(', ')} to its @shield`,
    );
  }
  checkReach(type, field, c);
  checkBetween(type, field, c);
};

const checkPromise = (node: FieldDefinitionNode, at: string, c: CheckContext): void => {
  const marks = (node.directives ?? []).map(({ name }) => name.value);
  for (const name of ['column', 'join', 'derived'].filter((one) => marks.includes(one))) {
    c.report(
      whereIs(node),
      `\`${at}\` carries @${name}, and an interface has no table`,
      `write @${name} on the field of each type that implements it`,
    );
  }
  if (marks.includes('shield') && marks.includes('open')) {
    c.report(
      whereIs(node),
      `\`${at}\` is both @shield and @open`,
      'keep one, or leave the rule to the types that implement it',
    );
  }
};

/** A field of an implementor may be stricter than its interface says, never laxer or silent about it. */
const checkInterfaces = (
  document: DocumentNode,
  reader: DirectiveReader,
  c: CheckContext,
): void => {
  const interfaces = new Map<string, InterfaceTypeDefinitionNode>();
  for (const node of document.definitions) {
    if (node.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    interfaces.set(node.name.value, node);
    for (const field of node.fields ?? []) {
      checkPromise(field, `${node.name.value}.${field.name.value}`, c);
    }
  }
  for (const node of document.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    for (const { name } of node.interfaces ?? []) {
      for (const promised of interfaces.get(name.value)?.fields ?? []) {
        const at = `${name.value}.${promised.name.value}`;
        const shield = reader.one('shield', promised, at);
        const open = reader.one('open', promised, at);
        const field = c.model.types.get(node.name.value)?.fields.get(promised.name.value);
        if (!field || !c.sound(field) || (!shield && !open)) continue;
        const lacks = shield ? lacking(c.model, shield, demandsOf(field)) : [];
        if (lacks.length === 0 && (open === undefined || field.guard.kind !== 'shield')) continue;
        c.report(
          field.where,
          `\`${field.coordinate}\` contradicts \`${at}\` (${whereIs(promised)}), which is ${open ? '@open' : `@shield-ed by ${[...(shield?.categories ?? []), ...(shield?.rules ?? []).map((rule) => `rule ${rule}`)].join(', ')}`}`,
          open
            ? 'shield the interface’s field alike, or open this one'
            : `add ${lacks.join(', ')} to its @shield`,
        );
      }
    }
  }
};

/** Checks the model as a whole against itself and against what the deployment brings. */
export const checkModel = (
  document: DocumentNode,
  reader: DirectiveReader,
  around: Surroundings,
  c: CheckContext,
): void => {
  const types = [...c.model.types.values()];
  for (const type of types) {
    if (!type.declared && !around.sources.includes(type.table.source)) {
      c.report(
        type.where,
        `\`${type.name}\` comes from the source \`${type.table.source}\`, which is not configured`,
        oneOf(type.table.source, around.sources),
      );
    }
    checkMarks(type, c);
    checkRules(type, around, c);
    checkDerived(type, around, c);
    checkKey(type, c);
    for (const field of soundFields(type, c)) {
      if (field.kind === 'join') checkJoin(type, field, c);
    }
    checkEnds(type, c);
    checkPlace(type, c);
  }
  checkColumns(types, c);
  checkInterfaces(document, reader, c);
  checkNames(document, c);
  const signIn = types.filter((type) => type.person?.signIn);
  for (const extra of signIn.slice(1)) {
    c.report(
      extra.where,
      `\`${extra.name}\` has signIn: true besides \`${signIn[0]?.name ?? ''}\``,
      'let tokens name persons of one type only',
    );
  }
};
