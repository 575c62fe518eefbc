import { quoted } from '../core/quoted.ts';
import type { OperationEntry, PackedDecisions } from './entry.ts';
import { foundOf, type Found } from './found.ts';
import { isFrozen, ofFrozen } from './of-frozen.ts';
import { storable } from './storable.ts';

/** What of decisions does not turn on who the persons are. */
type Shape = Pick<PackedDecisions, 'coordinates' | 'decisions'>;

type Framed =
  | ('actor' | 'client' | 'decisions' | 'documentHash')
  | ('operation' | 'outcome' | 'policy' | 'purpose');

/**
 * What many entries say word for word, and what they are found by: of one operation of one client all but
 * times, places and persons.
 */
export interface Frame extends Pick<OperationEntry, Framed> {
  /** Up to where `at` is told, from there to `decidedAt`, and so on. */
  readonly toAt: string;
  readonly toDecidedAt: string;
  readonly toErrors: string;
  readonly toParts: string;
  readonly toSets: string;
  /** Once somebody has asked. */
  found?: Found;
}

const maybe = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : storable(text);

/** One more of an object's members, none where there is no value. */
export const member = (name: string, value: string | number | undefined): string => {
  if (value === undefined) return '';
  return typeof value === 'number' ? `,"${name}":${value}` : `,"${name}":${quoted(value)}`;
};

const sharedJson = ofFrozen((list: readonly unknown[]) => JSON.stringify(list));

/** One that many entries have. */
const sharedMember = (name: string, list: readonly unknown[]): string =>
  list.length === 0 ? '' : `,"${name}":${sharedJson(list)}`;

const makeFrame = (entry: OperationEntry, { coordinates, decisions }: Shape): Frame => {
  const { actor, client, documentHash, operation, outcome, policy, purpose } = entry;
  return {
    ...{ actor, client, decisions, documentHash, operation, outcome, policy, purpose },
    toAt: `{"actor":${quoted(storable(actor))},"at":"`,
    toDecidedAt: `"${member('client', storable(client))}${sharedMember('coordinates', coordinates)}`,
    toErrors: sharedMember('decisions', decisions) + member('documentHash', documentHash),
    toParts: member('operation', maybe(operation)) + member('outcome', outcome),
    toSets: member('policy', policy) + member('purpose', maybe(purpose)),
  };
};

/**
 * The last for a list of coordinates, which is one for all operations of the same shape. Of lists that
 * could change none is kept.
 */
const frames = new WeakMap<readonly string[], Frame>();

/** @param shape the entry itself, or that of one of its parts */
export const frameOf = (entry: OperationEntry, shape: Shape = entry): Frame => {
  const known = frames.get(shape.coordinates);
  if (known !== undefined && isOf(known, entry, shape)) return known;
  const frame = makeFrame(entry, shape);
  const isKnown = known !== undefined && known.decisions === shape.decisions;
  if (isKnown || (isFrozen(shape.coordinates) && isFrozen(shape.decisions)))
    frames.set(shape.coordinates, frame);
  return frame;
};

/** What an entry is found by: the same object for entries that were encoded alike, one after another. */
export const sharedFound = (entry: OperationEntry): Found => {
  const known = frames.get(entry.coordinates);
  // Where another's stands there by now, the two take turns: none is made for this alone.
  if (known === undefined || !isOf(known, entry, entry)) return foundOf(entry);
  return (known.found ??= foundOf(entry));
};

const isOf = (frame: Frame, entry: OperationEntry, shape: Shape): boolean =>
  frame.decisions === shape.decisions &&
  frame.actor === entry.actor &&
  frame.client === entry.client &&
  frame.documentHash === entry.documentHash &&
  frame.operation === entry.operation &&
  frame.outcome === entry.outcome &&
  frame.policy === entry.policy &&
  frame.purpose === entry.purpose;
