import { readdirSync, readFileSync } from 'node:fs';
import { Source } from 'graphql';
import { uuidv7 } from 'uuidv7';
import { createAuditStore, keepPolicy, type AuditStore } from '../../src/audit/audit-store.ts';
import type { OperationEntry } from '../../src/audit/entry.ts';
import { beginLog } from '../../src/audit/log-state.ts';
import { ensureMonths } from '../../src/audit/partitions.ts';
import type { ConsentInput } from '../../src/core/consent.ts';
import { eraseLink, type ErasureLine } from '../../src/ledger/subject-eraser.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import type { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { compilePolicy, type Policy } from '../../src/policy/compile-policy.ts';
import { hashLeaf } from '../../src/tlog/merkle.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { packLines, type Line } from '../setup/pack-lines.ts';
import { directoryOn } from '../setup/subjects.ts';

export type { Line };

const at = new URL('../../schema/governance/', import.meta.url);
const governance = readdirSync(at).map(
  (file) => new Source(readFileSync(new URL(file, at), 'utf8'), file),
);

/** A policy out of domain SDL, by file. */
export const policyOf = (...files: readonly string[]): Policy =>
  compilePolicy(
    { governance, domain: files.map((text, i) => new Source(text, `domain-${i}.graphql`)) },
    {
      sources: ['shop', 'crm'],
      rules: ['isStaff'],
      resolvers: [],
    },
  );

/** A log and a ledger that are written by hand, entry by entry and event by event. */
export class LogStage {
  readonly database: FreshDatabase;
  readonly policy: Policy;
  readonly subjects: SubjectDirectory;
  readonly store: ConsentStore;
  readonly audit: AuditStore;
  readonly log: number;

  private constructor(database: FreshDatabase, policy: Policy, log: number) {
    const { knex } = database;
    this.database = database;
    this.policy = policy;
    this.log = log;
    this.subjects = directoryOn(knex);
    this.store = new ConsentStore(knex, this.subjects, policy);
    this.audit = createAuditStore({ knex, log, origin: 'replay.test' });
  }

  static async open(policy: Policy): Promise<LogStage> {
    const database = await freshDatabase({ migrated: true });
    await ensureMonths(database.knex, new Date());
    const log = await beginLog(database.knex, 'replay.test', 'replay.test+0+key');
    await keepPolicy(database.knex, policy);
    return new LogStage(database, policy, log);
  }

  close(): Promise<void> {
    return this.database.drop();
  }

  async number(id: string): Promise<number> {
    const [number = -1] = await this.subjects.numbersOf('Customer', [id]);
    return number;
  }

  /** @returns the head that it counts from */
  async say(
    id: string,
    kind: ConsentInput['kind'],
    purpose?: string,
    more: Partial<ConsentInput> = {},
  ): Promise<number> {
    const subject = { type: 'Customer', id };
    const appended = await this.store.append([
      { subject, kind, method: 'test', ...(purpose !== undefined && { purpose }), ...more },
    ]);
    return appended?.head ?? 0;
  }

  /** Destroys the link; the log is told by whoever calls `logErasures`. @returns the position */
  erase(id: string, report: readonly ErasureLine[] = []): Promise<number> {
    const how = { actor: 'desk', report, rowsRemain: false };
    return eraseLink(this.database.knex, this.subjects, { type: 'Customer', id }, how);
  }

  async head(): Promise<number> {
    const { rows } = await this.database.knex.raw<{ rows: { position: number }[] }>(
      'select position::float8 from ledger_head',
    );
    return rows[0]?.position ?? 0;
  }

  /** Writes an operation for NEWS, decided now. @returns its place in the log */
  async write(lines: readonly Line[], changes: Partial<OperationEntry> = {}): Promise<number> {
    const { index } = await this.audit.append({
      kind: 'operation',
      id: uuidv7(),
      client: 'test',
      actor: 'test',
      purpose: 'NEWS',
      documentHash: 'b'.repeat(64),
      policy: this.policy.id,
      head: await this.head(),
      decidedAt: Date.now() * 1_000,
      notices: [],
      outcome: 'ANSWERED',
      signals: [],
      errors: [],
      ...packLines(lines),
      ...changes,
    });
    return index;
  }

  /** Puts bytes at the end of the log, past all that would check them; the store is of no use then. */
  async writeRaw(text: string): Promise<number> {
    const { knex } = this.database;
    const { rows } = await knex.raw<{ rows: { index: number }[] }>(
      'update audit_log set size = size + 1 where id = ? returning (size - 1)::float8 as index',
      [this.log],
    );
    const index = rows[0]?.index ?? 0;
    const bytes = Buffer.from(text);
    await knex.raw(
      'insert into audit_entry (log, index, at, id, hash, entry) values (?, ?, now(), ?, ?, ?)',
      [this.log, index, uuidv7(), hashLeaf(bytes), bytes],
    );
    return index;
  }

  /** Changes what only an owner of the tables can change. */
  async tamper(table: string, sql: string, bindings: readonly string[] = []): Promise<void> {
    const { knex } = this.database;
    await knex.raw(`alter table ${table} disable trigger user`);
    await knex.raw(sql, [...bindings]);
    await knex.raw(`alter table ${table} enable trigger user`);
  }
}
