import type { Knex } from 'knex';
import { SaysoError } from '../../core/errors.ts';
import { rootOf } from '../../tlog/tiles.ts';
import { tileWidth } from '../../tlog/tree-tail.ts';
import { databaseTiles, newestCheckpoint, readLog, type KeyRecord } from '../log-state.ts';
import type { BundleRead, EntryColumns, Finding, LogSource } from './log-source.ts';
import { byKnex } from '../../core/statement.ts';

interface Told {
  readonly id: number;
  readonly minimumIndex: number;
  readonly checkpoint: string | null;
  readonly witnessed: string | null;
  readonly keys: readonly KeyRecord[];
}

/** All in one statement: a log may grow, be witnessed and get another key at any moment. */
const readTold = async (knex: Knex, origin: string): Promise<Told | undefined> => {
  const { rows } = await knex.raw<{ rows: Told[] }>(
    `select id, minimum_index::float8 as "minimumIndex", checkpoint, witnessed, coalesce((
       select json_agg(json_build_object('key', key, 'introduced', introduced)
         order by from_index, since)
       from audit_key where log = audit_log.id
     ), '[]') as keys from audit_log where origin = ?`,
    [origin],
  );
  return rows[0];
};

interface Row {
  readonly index: number;
  readonly at: Date;
  readonly id: string;
  readonly hash: Buffer;
  readonly entry: Buffer;
}

const toBundle = (rows: readonly Row[], base: number, width: number): BundleRead => {
  const entries = Array.from({ length: width }, (): Buffer | undefined => undefined);
  const columns = Array.from({ length: width }, (): EntryColumns | undefined => undefined);
  const findings: Finding[] = [];
  for (const { index, entry, ...row } of rows) {
    const i = index - base;
    // Its key holds the time as well, for the months' sake.
    if (entries[i]) findings.push({ index, where: 'entry', what: 'it is there twice' });
    else {
      entries[i] = entry;
      columns[i] = row;
    }
  }
  return { entries, columns, findings };
};

const noCheckpoint = (origin: string): SaysoError =>
  new SaysoError(`log \`${origin}\` has no checkpoint yet`, {
    code: 'AUDIT_NO_CHECKPOINT',
    status: 404,
  });

/** A log as it lies in Sayso's own database. @throws SaysoError when there is no such log */
export const databaseSource = async (knex: Knex, origin: string): Promise<LogSource> => {
  const state = await readTold(knex, origin);
  if (!state)
    throw new SaysoError(`there is no log \`${origin}\``, { code: 'AUDIT_NO_LOG', status: 404 });
  const { id, minimumIndex, keys, witnessed } = state;
  const read = async (from: number, to: number): Promise<readonly Row[]> => {
    const { rows } = await knex.raw<{ rows: Row[] }>(
      `select index::float8, at, id::text, hash, entry from audit_entry
       where log = ? and index >= ? and index < ? order by index, at`,
      [id, from, to],
    );
    return rows;
  };
  return {
    checkpoint: () => {
      const note = newestCheckpoint(state);
      return note === null ? Promise.reject(noCheckpoint(origin)) : Promise.resolve(note);
    },
    info: () => Promise.resolve({ minimumIndex, keys, witnessed: witnessed ?? undefined }),
    tiles: databaseTiles(byKnex(knex), id),
    bundle: async (index, width) => {
      const base = index * tileWidth;
      return toBundle(await read(base, base + width), base, width);
    },
    after: async (size) => {
      // As it is now: the log may have grown meanwhile.
      const now = await readLog(byKnex(knex), id);
      const { rows } = await knex.raw<{ rows: { index: number | null }[] }>(
        'select max(index)::float8 as index from audit_entry where log = ?',
        [id],
      );
      const last = rows[0]?.index ?? -1;
      const end = Math.max(size, now?.size ?? 0);
      const what = `it lies behind the end of the log, which has ${end} entries`;
      const findings: Finding[] = last < end ? [] : [{ index: last, where: 'entry', what }];
      const root =
        now && (await rootOf(databaseTiles(byKnex(knex), id), now.size).catch(() => undefined));
      if (now && root?.equals(now.root) !== true)
        findings.push({
          where: 'log',
          what: `its row in \`audit_log\` has a root that its ${now.size} entries do not make: no gateway can go on with it`,
        });
      return findings;
    },
  };
};
