import { isYes, type ConsentInput } from '../core/consent.ts';
import { LedgerError, SourceError } from '../core/errors.ts';
import type { Appended, ConsentStore } from '../ledger/consent-store.ts';
import type { SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { Sources } from '../sources/source.ts';
import { asText } from './release-rows.ts';

/** Where consent events are handed in. */
export interface Consents {
  /**
   * As `ConsentStore.append`, under the sources' own ids. With `exact` a yes is taken only under
   * the very text that the source has: two accounts `7` and `007` are two, whatever a number is.
   */
  append(
    inputs: readonly ConsentInput[],
    how?: Parameters<ConsentStore['append']>[1] & { readonly exact?: boolean },
  ): Promise<Appended | undefined>;
}

export interface IdentifiedConsentsOptions {
  readonly store: ConsentStore;
  readonly subjects: SubjectDirectory;
  readonly policy: Policy;
  readonly sources: Sources;
}

const chunk = 2_000;

/**
 * Hands events to the ledger under the very text by which their person's rows are decided on. A
 * source finds `05` and an upper-case UUID as well, so a no under such a name would be recorded,
 * confirmed, and held against nobody.
 */
export const identifiedConsents = (options: IdentifiedConsentsOptions): Consents => {
  const { store, subjects, policy, sources } = options;

  /** The source's own text for each id that it has a person of. @throws SourceError */
  const find = async (type: string, ids: readonly string[]): Promise<readonly string[]> => {
    const person = policy.model.types.get(type);
    // The ledger will say that there is no such type.
    if (!person?.person) return ids;
    const { id } = person.person;
    const source = sources.get(person.table.source);
    if (!source) throw new SourceError('no such source', 'SOURCE_UNAVAILABLE', person.table.source);
    const read: ReadPlan = {
      type,
      source: person.table.source,
      table: person.table.name,
      key: person.table.key,
      columns: [],
      subject: { path: { type, hops: [], column: id } },
    };
    const tuples = ids.map((one) => [one]);
    const rows = await source.fetch(read, { by: 'equal', columns: [id], tuples });
    return rows.flatMap(({ values }) => asText(values[0]) ?? []);
  };

  /** By id as stated; who is missing is no person of the source. */
  const identify = async (
    type: string,
    stated: readonly string[],
  ): Promise<ReadonlyMap<string, string>> => {
    const identified = new Map<string, string>();
    for (let i = 0; i < stated.length; i += chunk) {
      const part = stated.slice(i, i + chunk);
      const found = new Set(await find(type, part));
      for (const id of part) {
        if (found.has(id)) identified.set(id, id);
        // Stated otherwise than the source writes it, or nobody's: only asking for it alone tells.
        else for (const [own] of [await find(type, [id])]) if (own) identified.set(id, own);
      }
    }
    return identified;
  };

  /** With the source down a no still counts for whoever was seen before; a yes can wait. */
  const identifyNow = async (
    type: string,
    events: readonly ConsentInput[],
  ): Promise<ReadonlyMap<string, string>> => {
    const ids = [...new Set(events.map(({ subject }) => subject.id))];
    try {
      return await identify(type, ids);
    } catch (error) {
      const isNo = events.every(({ kind }) => !isYes(kind));
      if (!(error instanceof SourceError) || !isNo) throw error;
      for (const id of ids) if ((await subjects.known(type, id)) === undefined) throw error;
      return new Map(ids.map((id) => [id, id]));
    }
  };

  const append: Consents['append'] = async (inputs, how): Promise<Appended | undefined> => {
    const byType = new Map<string, ConsentInput[]>();
    for (const input of inputs) {
      const group = byType.get(input.subject.type);
      if (group) group.push(input);
      else byType.set(input.subject.type, [input]);
    }
    const known = new Map<string, ReadonlyMap<string, string>>();
    for (const [type, events] of byType) known.set(type, await identifyNow(type, events));
    const identified = inputs.map((input, i) => {
      const { type, id } = input.subject;
      const own = known.get(type)?.get(id);
      const other = how?.exact === true && isYes(input.kind) && own !== id;
      if (own !== undefined && !other) return { ...input, subject: { type, id: own } };
      const which = inputs.length === 1 ? '' : `event ${i + 1}: `;
      throw new LedgerError(`${which}no \`${type}\` has this id`, 'CONSENT_INVALID', {
        details: { index: i },
      });
    });
    return store.append(identified, how);
  };
  return { append };
};
