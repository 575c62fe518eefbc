import type { Problem } from '../core/errors.ts';
import type { DomainType } from '../policy/model.ts';
import type { Source } from './source.ts';

/**
 * Holds all sources to naming the same persons by values of the same kind. A row is decided on by
 * the text of its person's id: `05` where the person is `5` would be somebody who never refused.
 */
export class SubjectKinds {
  /** By type of the person, then of the row. */
  readonly #seen = new Map<string, Map<string, string>>();

  /** What contradicts what was seen before, in this source or another. */
  check(types: readonly DomainType[], source: Source): readonly Problem[] {
    const problems: Problem[] = [];
    for (const type of types) {
      const kind = source.subjectKind(type);
      if (!type.subject || kind === undefined) continue;
      const person = type.subject.type;
      const kinds = this.#seen.get(person) ?? new Map<string, string>();
      this.#seen.set(person, kinds);
      const other = [...kinds].find(([name, seen]) => name !== type.name && seen !== kind);
      if (other) {
        problems.push({
          where: type.where,
          what: `\`${type.name}\` names its \`${person}\` by a ${kind}, \`${other[0]}\` by a ${other[1]}: one person could have two texts`,
          mend: 'give both columns the same type, in the table or by a view, or as `ids` of a REST table says',
        });
      }
      kinds.set(type.name, kind);
    }
    return problems;
  }
}
