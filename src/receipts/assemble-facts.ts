import { isAsking, isYes, origins as allOrigins } from '../core/consent.ts';
import type { ConsentKind, ConsentSignal, Origin } from '../core/consent.ts';
import type { Notice } from '../core/notice.ts';
import type { Basis } from '../directives/basis.ts';
import type { DomainModel } from '../policy/model.ts';
import {
  receiptIdOf,
  type ReceiptCategory,
  type ReceiptController,
  type ReceiptFacts,
  type ReceiptNotice,
  type ReceiptPurpose,
} from './receipt-facts.ts';

/** A row of `consent_event`, as the driver gives it. */
export interface RecordRow {
  readonly record: string;
  readonly position: number | string;
  readonly subject: number;
  readonly kind: ConsentKind;
  readonly purposes: readonly string[];
  readonly categories: readonly string[];
  readonly origins: readonly Origin[];
  readonly declared: readonly string[];
  readonly language: string | null;
  readonly recipients: readonly string[];
  readonly bases: readonly Basis[] | null;
  readonly signal: ConsentSignal | null;
  readonly confirmed: boolean;
  readonly evidence: string | null;
  readonly policy: string | null;
  readonly at: Date;
  readonly valid_until: Date | null;
  readonly method: string;
  readonly actor: string | null;
  readonly recorded_at: Date;
}

/** What explains a record: rows hold names only. */
export interface RecordContext {
  /** Today's policy. Names that it lacks stay names. */
  readonly model: DomainModel;
  /** The version that the rows name. */
  readonly notice: Pick<Notice, 'id' | 'version' | 'contentHash' | 'languages' | 'purposes'> | null;
  readonly controller: ReceiptController;
  /** ISO 3166 code of where the person lives, when it is known. */
  readonly place: string | null;
}

const unique = <T>(items: readonly T[]): readonly T[] => [...new Set(items)];

/** Names below a name, itself where today's policy has nothing there. */
const leavesOf = (tree: DomainModel['purposeTree'], name: string): readonly string[] =>
  tree.has(name) ? tree.leavesOf(name) : [name];

/** All leaf categories that a purpose covers today, with what lies below it. */
const coverOf = ({ purposes, purposeTree, categoryTree }: DomainModel, purpose: string) =>
  unique(
    leavesOf(purposeTree, purpose)
      .flatMap((leaf) => purposes.get(leaf)?.covers ?? [])
      .flatMap((name) => leavesOf(categoryTree, name)),
  );

const basesOf = ({ purposes, purposeTree }: DomainModel, purpose: string): readonly Basis[] =>
  unique(
    leavesOf(purposeTree, purpose).flatMap((leaf) => {
      const found = purposes.get(leaf);
      return found ? [found.basis, ...found.places.map(({ is }) => is)] : [];
    }),
  );

/** Leaf categories of a declared field; undefined where today's policy lacks the field. */
const categoriesOf = ({ types, categoryTree }: DomainModel, coordinate: string) => {
  const [type = '', field = ''] = coordinate.split('.');
  const guard = types.get(type)?.fields.get(field)?.guard;
  return guard?.kind === 'shield'
    ? guard.categories.flatMap((name) => [name, ...leavesOf(categoryTree, name)])
    : undefined;
};

const category = (
  name: string,
  declared: readonly string[],
  model: DomainModel,
): ReceiptCategory => {
  const node = model.categories.get(name);
  return {
    name,
    description: node?.description ?? null,
    dpv: node?.dpv ?? null,
    // A field that is gone may have been of any category of its row.
    attributes: declared.filter((field) => categoriesOf(model, field)?.includes(name) ?? true),
  };
};

const purpose = (
  name: string,
  rows: readonly RecordRow[],
  { model, notice }: RecordContext,
): ReceiptPurpose => {
  const node = model.purposes.get(name);
  const yes = rows.some(({ kind }) => isYes(kind));
  const told = rows.flatMap(({ bases }) => bases ?? []);
  const shown = notice?.purposes.find((part) => part.purpose === name);
  // A no without categories is a no to all that the purpose covers.
  const categories = unique(
    rows.flatMap((row) => (row.categories.length > 0 ? row.categories : coverOf(model, name))),
  );
  return {
    name,
    description: node?.description ?? null,
    gain: node?.gain ?? null,
    dpv: node?.dpv ?? null,
    basis: told.length > 0 ? unique(told) : basesOf(model, name),
    sale: node?.sale ?? false,
    directMarketing: node?.directMarketing ?? false,
    // A yes counts for those it was told of; a no is about whoever gets the data.
    recipients: yes ? unique(rows.flatMap((row) => row.recipients)) : (node?.recipients ?? []),
    retention: shown?.retention ?? node?.retention ?? null,
    categories: categories.map((one) =>
      category(one, unique(rows.flatMap(({ declared }) => declared)), model),
    ),
  };
};

/** Rows by the purpose they name; a row that names none is about every leaf. */
const byPurpose = (rows: readonly RecordRow[], { purposeTree }: DomainModel) => {
  const found = new Map<string, RecordRow[]>();
  for (const row of rows) {
    for (const name of row.purposes.length > 0 ? row.purposes : purposeTree.leaves) {
      const others = found.get(name);
      if (others) others.push(row);
      else found.set(name, [row]);
    }
  }
  return found;
};

/** Without origins a yes is about data given or observed, and a no about all. */
const originsOf = ({ kind, origins }: RecordRow): readonly Origin[] => {
  if (origins.length > 0) return origins;
  return isYes(kind) || isAsking(kind) ? ['ZERO_PARTY', 'FIRST_PARTY'] : allOrigins;
};

const shownNotice = ({ language }: RecordRow, { notice }: RecordContext): ReceiptNotice | null => {
  const worded = notice?.languages.find((one) => one.language === language) ?? notice?.languages[0];
  if (!notice || !worded) return null;
  const { title, text, withdraw } = worded.text;
  return {
    id: notice.id,
    version: notice.version,
    contentHash: notice.contentHash,
    language: worded.language,
    title,
    text,
    withdraw,
  };
};

/**
 * The facts of one statement out of its rows. What was said is the rows'; what the names in them
 * mean is today's policy's, and of the notice that was shown.
 *
 * @param rows all rows of one record, at least one
 */
export const factsOf = (rows: readonly RecordRow[], context: RecordContext): ReceiptFacts => {
  const ordered = [...rows].sort((a, b) => Number(a.position) - Number(b.position));
  const [first] = ordered;
  if (!first) throw new Error('a record has at least one row');
  const named = unique(ordered.flatMap(originsOf));
  return {
    record: first.record,
    receiptId: receiptIdOf(first.record),
    kind: first.kind,
    principal: String(first.subject),
    at: first.at,
    recordedAt: first.recorded_at,
    validUntil: first.valid_until,
    purposes: [...byPurpose(ordered, context.model)].map(([name, about]) =>
      purpose(name, about, context),
    ),
    origins: allOrigins.filter((origin) => named.includes(origin)),
    notice: shownNotice(first, context),
    policy: first.policy,
    method: first.method,
    actor: first.actor,
    signal: first.signal,
    confirmed: first.confirmed,
    evidence: first.evidence,
    jurisdiction: context.place,
    controller: context.controller,
  };
};
