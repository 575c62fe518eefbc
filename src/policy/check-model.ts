import { Kind, type DocumentNode, type InterfaceTypeDefinitionNode } from 'graphql';
import { closest } from 'fastest-levenshtein';
import type { Problem } from '../core/errors.ts';
import type { DomainField, DomainModel, DomainType, JoinField } from './model.ts';
import { whereIs } from './parse-sdl.ts';
import type { DirectiveReader } from './read-directives.ts';

/** What the deployment brings besides SDL; names only. */
export interface Surroundings {
  readonly sources: readonly string[];
  readonly rules: readonly string[];
  /** `Type.field` of every resolver that was loaded. */
  readonly resolvers: readonly string[];
}

type Report = (where: string, what: string, mend: string) => void;

const oneOf = (wrong: string, right: readonly string[]): string =>
  right.length === 0
    ? 'there is none yet'
    : `did you mean \`${closest(wrong, [...right])}\`? There are: ${right.join(', ')}`;

const categoriesOf = (field: DomainField | undefined): readonly string[] =>
  field?.guard.kind === 'shield' ? field.guard.categories : [];

const missingFrom = (needed: readonly string[], given: readonly string[]): readonly string[] =>
  needed.filter((name) => !given.includes(name));

const checkMarks = (type: DomainType, model: DomainModel, report: Report): void => {
  for (const field of type.fields.values()) {
    const { guard, where, coordinate } = field;
    if (!type.subject) {
      if (guard.kind === 'shield') {
        report(
          where,
          `\`${coordinate}\` is @shield-ed, but \`${type.name}\` concerns nobody, so nobody could agree`,
          'mark the type @subject or @about, or take @shield away',
        );
      }
      continue;
    }
    if (guard.kind !== 'bare') continue;
    const rowsHaveRules =
      field.kind === 'join' &&
      field.list &&
      field.members.every((member) => model.types.get(member)?.subject);
    if (rowsHaveRules) continue;
    report(
      where,
      `\`${coordinate}\` is a field of a personal type and neither @shield-ed nor @open`,
      'write `@shield(category: …)` with what it discloses, or `@open(because: "…")`',
    );
  }
};

const checkRules = (type: DomainType, around: Surroundings, report: Report): void => {
  for (const { guard, where, coordinate } of type.fields.values()) {
    if (guard.kind !== 'shield') continue;
    for (const rule of missingFrom(guard.rules, around.rules)) {
      report(
        where,
        `\`${coordinate}\` names the rule \`${rule}\`, which does not exist`,
        oneOf(rule, around.rules),
      );
    }
  }
};

const checkDerived = (type: DomainType, around: Surroundings, report: Report): void => {
  for (const field of type.fields.values()) {
    if (field.kind !== 'derived') continue;
    const { coordinate, where } = field;
    if (!around.resolvers.includes(coordinate)) {
      report(
        where,
        `\`${coordinate}\` is @derived and has no resolver`,
        `export \`resolvers.${coordinate}\` from the module that \`resolvers\` names in the configuration`,
      );
    }
    for (const name of field.from) {
      const input = type.fields.get(name);
      if (input?.kind !== 'column') {
        report(
          where,
          `\`${coordinate}\` is @derived from \`${name}\`, which is no column field of \`${type.name}\``,
          oneOf(
            name,
            [...type.fields.values()].filter((f) => f.kind === 'column').map((f) => f.name),
          ),
        );
        continue;
      }
      const lacking = missingFrom(categoriesOf(input), categoriesOf(field));
      if (lacking.length > 0) {
        report(
          where,
          `\`${coordinate}\` would disclose ${lacking.join(', ')} of \`${input.coordinate}\``,
          `add ${lacking.join(', ')} to its @shield`,
        );
      }
      const rules = missingFrom(
        input.guard.kind === 'shield' ? input.guard.rules : [],
        field.guard.kind === 'shield' ? field.guard.rules : [],
      );
      if (rules.length > 0) {
        report(
          where,
          `\`${coordinate}\` would pass by the rules of \`${input.coordinate}\``,
          `add the rules ${rules.join(', ')} to its @shield`,
        );
      }
    }
  }
};

const checkJoin = (
  type: DomainType,
  field: JoinField,
  model: DomainModel,
  report: Report,
): void => {
  const { coordinate, where } = field;
  for (const member of field.members) {
    const target = model.types.get(member);
    if (!target) {
      report(
        where,
        `\`${coordinate}\` leads to \`${member}\`, which has no @table`,
        `give \`${member}\` a @table`,
      );
      continue;
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
  }
  if (!field.list && !field.nullable) {
    report(
      where,
      `\`${coordinate}\` is non-null, and the row it leads to may be missing`,
      'write its type without `!`',
    );
  }
  // The look-up would tell what the cell it starts from holds.
  for (const cell of type.fields.values()) {
    if (cell.kind !== 'column' || cell.column !== field.own) continue;
    const lacking = missingFrom(categoriesOf(cell), categoriesOf(field));
    if (lacking.length > 0) {
      report(
        where,
        `\`${coordinate}\` follows the column of \`${cell.coordinate}\` and would disclose ${lacking.join(', ')}`,
        `add ${lacking.join(', ')} to its @shield`,
      );
    }
  }
};

const checkKey = (type: DomainType, report: Report): void => {
  if (!type.subject) return;
  for (const field of type.fields.values()) {
    if (field.kind !== 'column' || field.guard.kind !== 'shield') continue;
    const isKey = type.table.key.includes(field.column) || type.person?.id === field.column;
    if (isKey) {
      report(
        field.where,
        `\`${field.coordinate}\` is @shield-ed and is the key of \`${type.name}\`, by which anybody may ask for a row`,
        'key the table by a surrogate that discloses nothing, and mark that @open',
      );
    }
  }
};

/** A column has one rule, whatever the fields that show it are called. */
const checkColumns = (type: DomainType, report: Report): void => {
  if (!type.subject) return;
  const first = new Map<string, DomainField>();
  for (const field of type.fields.values()) {
    // The own column of a list is the key that the other table points to, not something it shows.
    if (field.kind === 'derived' || (field.kind === 'join' && field.list)) continue;
    const column = field.kind === 'column' ? field.column : field.own;
    const other = first.get(column);
    if (other === undefined) {
      first.set(column, field);
      continue;
    }
    const [mine, theirs] = [categoriesOf(field), categoriesOf(other)];
    if (missingFrom(mine, theirs).length + missingFrom(theirs, mine).length === 0) continue;
    if (type.table.key.includes(column) && field.kind !== other.kind) continue;
    report(
      field.where,
      `\`${field.coordinate}\` shows the same column \`${column}\` as \`${other.coordinate}\` under another rule`,
      'give both the same @shield, or keep one of them',
    );
  }
};

/** A field of an implementor may be stricter than its interface says, never laxer or silent about it. */
const checkInterfaces = (
  document: DocumentNode,
  reader: DirectiveReader,
  model: DomainModel,
  report: Report,
): void => {
  const interfaces = document.definitions.filter(
    (node): node is InterfaceTypeDefinitionNode => node.kind === Kind.INTERFACE_TYPE_DEFINITION,
  );
  for (const node of document.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    for (const { name } of node.interfaces ?? []) {
      const declared = interfaces.find((one) => one.name.value === name.value);
      for (const promised of declared?.fields ?? []) {
        const at = `${name.value}.${promised.name.value}`;
        const shield = reader.one('shield', promised, at);
        const open = reader.one('open', promised, at);
        const field = model.types.get(node.name.value)?.fields.get(promised.name.value);
        if (!field || (!shield && !open)) continue;
        const lacking = missingFrom(shield?.categories ?? [], categoriesOf(field));
        const contradicts =
          lacking.length > 0 || (open !== undefined && field.guard.kind === 'shield');
        if (!contradicts) continue;
        report(
          field.where,
          `\`${field.coordinate}\` contradicts \`${at}\` (${whereIs(promised)}), which is ${open ? '@open' : `@shield-ed by ${shield?.categories.join(', ') ?? ''}`}`,
          open
            ? 'shield the interface’s field alike, or open this one'
            : `add ${lacking.join(', ')} to its @shield`,
        );
      }
    }
  }
};

/** Checks the model as a whole against itself and against what the deployment brings. */
export const checkModel = (
  model: DomainModel,
  document: DocumentNode,
  reader: DirectiveReader,
  around: Surroundings,
): readonly Problem[] => {
  const problems: Problem[] = [];
  const report: Report = (where, what, mend) => problems.push({ where, what, mend });
  for (const type of model.types.values()) {
    if (!around.sources.includes(type.table.source)) {
      report(
        type.where,
        `\`${type.name}\` comes from the source \`${type.table.source}\`, which is not configured`,
        oneOf(type.table.source, around.sources),
      );
    }
    checkMarks(type, model, report);
    checkRules(type, around, report);
    checkDerived(type, around, report);
    checkKey(type, report);
    checkColumns(type, report);
    for (const field of type.fields.values()) {
      if (field.kind === 'join') checkJoin(type, field, model, report);
    }
  }
  checkInterfaces(document, reader, model, report);
  const signIn = [...model.types.values()].filter((type) => type.person?.signIn);
  for (const extra of signIn.slice(1)) {
    report(
      extra.where,
      `\`${extra.name}\` has signIn: true besides \`${signIn[0]?.name ?? ''}\``,
      'let tokens name persons of one type only',
    );
  }
  return problems;
};
