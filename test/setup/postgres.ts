import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../src/database/open-database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** How to reach the run's one PostgreSQL server; the role may create databases. */
    pg: { host: string; port: number; user: string; password: string };
  }
}

/** One server for the whole run, in a folder that goes with it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sayso-test-'));
  const log = (): void => undefined;
  const database = await openDatabase({ config: { dataDir }, role: 'command', log });
  const { host, port, user, password } = database.connection('sayso') as {
    host: string;
    port: number;
    user: string;
    password: string;
  };
  project.provide('pg', { host, port, user, password });
  return async () => {
    await database.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
}
