import { SourceError } from '../core/errors.ts';
import type { DomainType } from '../policy/model.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { Sources } from '../sources/source.ts';
import { asText } from './release-rows.ts';

/**
 * The source's own text for each of these ids that it has a person of, in no order: a source finds
 * `05` and an upper-case UUID as well.
 *
 * @throws SourceError
 */
export const findPersons = async (
  { name, person, table }: DomainType,
  ids: readonly string[],
  sources: Sources,
): Promise<readonly string[]> => {
  const source = sources.get(table.source);
  if (!source) throw new SourceError('no such source', 'SOURCE_UNAVAILABLE', table.source);
  const id = person?.id ?? '';
  const read: ReadPlan = {
    type: name,
    source: table.source,
    table: table.name,
    key: table.key,
    columns: [],
    subject: { path: { type: name, hops: [], column: id } },
  };
  const tuples = ids.map((one) => [one]);
  const rows = await source.fetch(read, { by: 'equal', columns: [id], tuples });
  return rows.flatMap(({ values }) => asText(values[0]) ?? []);
};
