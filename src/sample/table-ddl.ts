import type { Table } from './shop-tables.ts';

type AnyTable = Pick<Table<Record<string, unknown>>, 'name' | 'about' | 'key' | 'columns'>;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The bare table. Keys and indexes come after the rows, which is several times faster. */
export const createTable = ({ name, about, columns }: AnyTable): string => {
  const lines = Object.entries(columns).map(
    ([column, { type, nullable }]) => `${column} ${type}${nullable ? '' : ' NOT NULL'}`,
  );
  const comments = Object.entries(columns).map(
    ([column, one]) => `COMMENT ON COLUMN ${name}.${column} IS ${quoted(one.about)};`,
  );
  return [
    `CREATE TABLE ${name} (\n  ${lines.join(',\n  ')}\n);`,
    `COMMENT ON TABLE ${name} IS ${quoted(about)};`,
    ...comments,
  ].join('\n');
};

/** Primary key, an index for every column that rows are looked up by, foreign keys. */
export const finishTable = ({ name, key, columns }: AnyTable): string => {
  const references = Object.entries(columns).filter(([, { references }]) => references);
  return [
    `ALTER TABLE ${name} ADD PRIMARY KEY (${key.join(', ')});`,
    ...references
      .filter(([column]) => column !== key[0])
      .map(([column]) => `CREATE INDEX ${name}_${column} ON ${name} (${column});`),
    ...references.map(
      ([column, one]) =>
        `ALTER TABLE ${name} ADD FOREIGN KEY (${column}) REFERENCES ${one.references ?? ''};`,
    ),
  ].join('\n');
};
