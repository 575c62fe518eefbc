import { createHash } from 'node:crypto';
import { Kind, print, visit, type DocumentNode, type ValueNode } from 'graphql';

const hashes = new WeakMap<DocumentNode, string>();

const zero: ValueNode = { kind: Kind.INT, value: '0' };
/** Names stay: the schema gives them. */
const blanks = {
  IntValue: () => zero,
  FloatValue: () => zero,
  StringValue: (): ValueNode => ({ kind: Kind.STRING, value: '' }),
  ListValue: (): ValueNode => ({ kind: Kind.LIST, values: [] }),
  ObjectValue: (): ValueNode => ({ kind: Kind.OBJECT, fields: [] }),
};

/**
 * SHA-256 of a document as graphql-js prints it, without aliases and with every number, text, list and
 * object emptied. Clients write ids of persons into documents: whoever has the log and the rest of the
 * document could find an id out by hashing them all, and so an erased person.
 *
 * @returns hexadecimal; computed once for a document that is parsed once
 */
export const documentHash = (document: DocumentNode): string => {
  const known = hashes.get(document);
  if (known !== undefined) return known;
  const emptied = visit(document, {
    ...blanks,
    Field: (node) => (node.alias ? { ...node, alias: undefined } : undefined),
  });
  const hash = createHash('sha256').update(print(emptied)).digest('hex');
  hashes.set(document, hash);
  return hash;
};
