import { Kind, type DocumentNode, type EnumValueDefinitionNode } from 'graphql';
import { didYouMean } from '../core/did-you-mean.ts';
import type { Problem } from '../core/errors.ts';
import type { CategoryNode, PurposeNode } from './model.ts';
import { whereIs } from './parse-sdl.ts';
import type { DirectiveReader } from './read-directives.ts';
import { buildTree, type Tree } from './tree.ts';

const valuesOf = (document: DocumentNode, name: string): readonly EnumValueDefinitionNode[] =>
  document.definitions.flatMap((definition) =>
    (definition.kind === Kind.ENUM_TYPE_DEFINITION ||
      definition.kind === Kind.ENUM_TYPE_EXTENSION) &&
    definition.name.value === name
      ? [...(definition.values ?? [])]
      : [],
  );

const described = (value: EnumValueDefinitionNode) => ({
  name: value.name.value,
  where: whereIs(value),
  ...(value.description && { description: value.description.value }),
});

const treeOf = (
  what: string,
  nodes: ReadonlyMap<string, { readonly under: readonly string[]; readonly where: string }>,
  problems: Problem[],
): Tree => {
  const { tree, faults } = buildTree(new Map([...nodes].map(([name, node]) => [name, node.under])));
  for (const fault of faults) {
    const name = fault.kind === 'unknown' ? fault.name : (fault.names[0] ?? '');
    problems.push({
      where: nodes.get(name)?.where ?? what,
      what:
        fault.kind === 'unknown'
          ? `${what} \`${name}\` lies under \`${fault.parent}\`, which does not exist`
          : `${what} \`${name}\` lies under itself: ${fault.names.join(' → ')}`,
      mend:
        fault.kind === 'unknown'
          ? `name a value of the same enum: ${[...nodes.keys()].join(', ')}`
          : 'take one `under` out of the circle',
    });
  }
  return tree;
};

/** What took the place of a name must be another name of the same enum, and lead to an end. */
const checkReplacements = (
  what: string,
  nodes: ReadonlyMap<string, { readonly replacedBy?: string; readonly where: string }>,
  problems: Problem[],
): void => {
  for (const [name, { replacedBy, where }] of nodes) {
    if (replacedBy === undefined) continue;
    if (!nodes.has(replacedBy)) {
      const names = [...nodes.keys()];
      problems.push({
        where,
        what: `${what} \`${name}\` is replaced by \`${replacedBy}\`, which does not exist`,
        mend: didYouMean(replacedBy, names),
      });
    }
    const seen = new Set([name]);
    for (
      let at: string | undefined = replacedBy;
      at !== undefined;
      at = nodes.get(at)?.replacedBy
    ) {
      if (at === name) {
        problems.push({
          where,
          what: `${what} \`${name}\` is replaced by itself: ${[...seen, name].join(' → ')}`,
          mend: 'take one `replacedBy` out of the circle',
        });
      }
      if (seen.has(at)) break;
      seen.add(at);
    }
  }
};

const missing = (what: string, value: EnumValueDefinitionNode): Problem => ({
  where: whereIs(value),
  what: `\`${value.name.value}\` carries no @${what}`,
  mend: `write \`${value.name.value} @${what}\``,
});

/** Reads `enum Category` with its tree. */
export const readCategories = (
  document: DocumentNode,
  reader: DirectiveReader,
  problems: Problem[],
): { readonly nodes: ReadonlyMap<string, CategoryNode>; readonly tree: Tree } => {
  const nodes = new Map<string, CategoryNode>();
  for (const value of valuesOf(document, 'Category')) {
    const model = reader.one('category', value, value.name.value);
    if (model === undefined) problems.push(missing('category', value));
    nodes.set(value.name.value, { ...described(value), ...(model ?? { under: [] }) });
  }
  checkReplacements('category', nodes, problems);
  return { nodes, tree: treeOf('category', nodes, problems) };
};

/** Reads `enum Purpose` with its tree; what a purpose covers is written on the leaves only. */
export const readPurposes = (
  document: DocumentNode,
  reader: DirectiveReader,
  problems: Problem[],
): { readonly nodes: ReadonlyMap<string, PurposeNode>; readonly tree: Tree } => {
  const nodes = new Map<string, PurposeNode>();
  for (const value of valuesOf(document, 'Purpose')) {
    const name = value.name.value;
    const model = reader.one('purpose', value, name);
    if (model === undefined) problems.push(missing('purpose', value));
    const empty = {
      covers: [],
      basis: 'CONSENT',
      under: [],
      sale: false,
      directMarketing: false,
      recipients: [],
    } as const;
    const places = reader.all('basis', value, name);
    nodes.set(name, { ...described(value), ...(model ?? empty), places });
    if (model?.sale === true) {
      for (const place of places) {
        if (place.is !== 'CONTRACT' && place.is !== 'LEGAL_OBLIGATION') continue;
        problems.push({
          where: whereIs(value),
          what: `\`${name}\` is a sale and rests on ${place.is} in ${place.in.join(', ')}, which no Global Privacy Control signal could refuse`,
          mend: 'take `sale` away where nothing is sold, or rest it on consent there',
        });
      }
    }
    const listed = places.flatMap(({ in: codes }) => codes);
    const twice = listed.find((code, i) => listed.indexOf(code) !== i);
    if (twice !== undefined) {
      problems.push({
        where: whereIs(value),
        what: `\`${name}\` has two bases for \`${twice}\``,
        mend: 'name each place in one @basis only',
      });
    }
  }
  checkReplacements('purpose', nodes, problems);
  const tree = treeOf('purpose', nodes, problems);
  for (const node of nodes.values()) {
    const leaf = tree.leaves.includes(node.name);
    const silent =
      node.covers.length + node.places.length + node.recipients.length === 0 &&
      node.basis === 'CONSENT' &&
      !node.sale &&
      !node.directMarketing &&
      node.origins === undefined &&
      node.retention === undefined;
    if (leaf || silent) continue;
    problems.push({
      where: node.where,
      what: `purpose \`${node.name}\` has others under it and says itself what it covers, on which basis, of which origins, for whom, how long or that it is a sale`,
      mend: 'write `covers`, `basis`, `sale`, `directMarketing`, `origins`, `recipients`, `retention` and @basis on the purposes at the ends of the tree; the wider one needs all of them',
    });
  }
  return { nodes, tree };
};
