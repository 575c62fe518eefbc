import { isYes, type ConsentInput } from '../core/consent.ts';
import { LedgerError, SourceError } from '../core/errors.ts';
import { ErasedMeanwhile, type Appended, type ConsentStore } from '../ledger/consent-store.ts';
import type { SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { Sources } from '../sources/source.ts';
import { findPersons } from './find-persons.ts';

/** Where consent events are handed in. */
export interface Consents {
  /**
   * As `ConsentStore.append`, under the sources' own ids. With `exact` only under the very text that
   * the source has: two accounts `7` and `007` are two, whatever a number is.
   */
  append(
    inputs: readonly ConsentInput[],
    how?: Parameters<ConsentStore['append']>[1] & {
      readonly exact?: boolean;
    },
  ): Promise<Appended | undefined>;
  /**
   * Checks events as `append` would, and writes nothing, not even a number for somebody new. What
   * passes is returned under the sources' own ids, for the ledger to append as it is.
   *
   * @throws SourceError, LedgerError LEDGER_UNAVAILABLE
   */
  examine(inputs: readonly ConsentInput[]): Promise<readonly (ConsentInput | LedgerError)[]>;
}

export interface IdentifiedConsentsOptions {
  readonly store: ConsentStore;
  readonly subjects: SubjectDirectory;
  readonly policy: Policy;
  readonly sources: Sources;
}

const chunk = 2_000;
const maxTries = 5;

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
    return person?.person ? findPersons(person, ids, sources) : ids;
  };

  /**
   * For ids that the source writes otherwise, or that are nobody's. Only asking for one alone tells
   * who it is, but one question tells that many are nobody's.
   */
  const identifyOdd = async (
    type: string,
    ids: readonly string[],
    identified: Map<string, string>,
  ): Promise<void> => {
    const [id] = ids;
    if (id === undefined) return;
    const found = await find(type, ids);
    const [own] = found;
    if (own === undefined) return;
    if (ids.length === 1) {
      identified.set(id, own);
      return;
    }
    const size = found.length * 4 > ids.length ? 1 : Math.ceil(ids.length / 2);
    for (let i = 0; i < ids.length; i += size)
      await identifyOdd(type, ids.slice(i, i + size), identified);
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
      for (const id of part) if (found.has(id)) identified.set(id, id);
      const odd = part.filter((id) => !found.has(id));
      await identifyOdd(type, odd, identified);
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

  const appendOnce: Consents['append'] = async (inputs, how): Promise<Appended | undefined> => {
    // Before the sources are asked: whoever is erased after that is asked about again.
    const erasedBefore = await store.erasedUntil();
    const byType = groupByType(inputs);
    const known = new Map<string, ReadonlyMap<string, string>>();
    for (const [type, events] of byType) known.set(type, await identifyNow(type, events));
    const identified = inputs.map((input, i) => {
      const { type, id } = input.subject;
      const own = known.get(type)?.get(id);
      const other = how?.exact === true && own !== id;
      if (own !== undefined && !other) return { ...input, subject: { type, id: own } };
      const which = inputs.length === 1 ? '' : `event ${i + 1}: `;
      throw new LedgerError(`${which}no \`${type}\` has this id`, 'CONSENT_INVALID', {
        details: { index: i },
      });
    });
    return store.append(identified, { ...how, erasedBefore });
  };

  const append: Consents['append'] = async (inputs, how): Promise<Appended | undefined> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await appendOnce(inputs, how);
      } catch (error) {
        if (!(error instanceof ErasedMeanwhile)) throw error;
        if (tries < maxTries) continue;
        const message = 'persons kept being erased while this was recorded; try again';
        throw new LedgerError(message, 'CONSENT_MOVED');
      }
    }
  };

  const examine: Consents['examine'] = async (inputs) => {
    const problems = await store.examine(inputs);
    const sound = inputs.filter((_, i) => problems[i] === undefined);
    const known = new Map<string, ReadonlyMap<string, string>>();
    for (const [type, events] of groupByType(sound)) {
      known.set(type, await identify(type, [...new Set(events.map(({ subject }) => subject.id))]));
    }
    return inputs.map((input, i) => {
      const problem = problems[i];
      if (problem) return problem;
      const { type, id } = input.subject;
      const own = known.get(type)?.get(id);
      if (own === id) return input;
      if (own !== undefined) return { ...input, subject: { type, id: own } };
      return new LedgerError(`no \`${type}\` has this id`, 'CONSENT_INVALID');
    });
  };
  return { append, examine };
};

const groupByType = (inputs: readonly ConsentInput[]): ReadonlyMap<string, ConsentInput[]> => {
  const byType = new Map<string, ConsentInput[]>();
  for (const input of inputs) {
    const group = byType.get(input.subject.type);
    if (group) group.push(input);
    else byType.set(input.subject.type, [input]);
  }
  return byType;
};
