import type { DomainField, DomainModel, DomainType } from './model.ts';

/** What every check of the model works with. */
export interface CheckContext {
  readonly model: DomainModel;
  readonly report: (where: string, what: string, mend: string) => void;
  /**
   * Types that are @about somebody who was not found. The problem is reported already; nothing
   * else is said of them as if they concerned nobody.
   */
  readonly unresolved: ReadonlySet<string>;
  /** False for a field whose directives could not be read as written, which is reported already. */
  readonly sound: (field: DomainField) => boolean;
}

/** Whether the rows of a type are or concern persons, as far as the SDL can be read. */
export const isPersonal = (type: DomainType, c: CheckContext): boolean =>
  type.subject !== undefined || c.unresolved.has(type.name);

/** The fields of a type that can be judged. */
export const soundFields = (type: DomainType, c: CheckContext): readonly DomainField[] =>
  [...type.fields.values()].filter(c.sound);
