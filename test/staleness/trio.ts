import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { urlOf } from '../../bench/stage.ts';
import { withClient } from '../../src/database/connection.ts';
import { openDemoIssuer, type DemoIssuer } from '../../src/identity/demo-issuer.ts';
import { tables } from './domain.ts';
import type { Fault } from './faults.ts';
import { startGateway, type Gateway } from './gateway.ts';

/** Two empty databases: Sayso's own, which the gateways share, and the source's. */
export interface Databases {
  readonly own: pg.ClientConfig;
  readonly shop: pg.ClientConfig;
}

/** Three gateways, each in a process of its own, on one database and with one issuer's keys. */
export interface Trio {
  readonly gateways: readonly Gateway[];
  readonly issuer: DemoIssuer;
  /** Breaks all three on purpose, for as long as they run. */
  breakBy(fault: Fault): Promise<void>;
  /** Ends the processes. */
  close(): Promise<void>;
}

/** Fills the source and starts the gateways at once; nothing stays running when that fails. */
export const startTrio = async (databases: Databases, signal: AbortSignal): Promise<Trio> => {
  const folder = await mkdtemp(join(tmpdir(), 'sayso-staleness-'));
  const gateways: Gateway[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await withClient(databases.shop, (client) => client.query(tables));
    const identity = join(folder, 'identity');
    await mkdir(identity);
    const issuer = await openDemoIssuer(identity);
    const starts = await Promise.allSettled(
      ['a', 'b', 'c'].map(async (name) => {
        const place = {
          dataDir: join(folder, name),
          databaseUrl: urlOf(databases.own),
          shopUrl: urlOf(databases.shop),
          keySet: join(identity, 'demo-jwks.json'),
        };
        gateways.push(await startGateway(place, signal));
      }),
    );
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed) throw failed.reason;
    const breakBy = async (fault: Fault): Promise<void> => {
      await Promise.all(gateways.map((gateway) => gateway.breakBy(fault)));
    };
    return { gateways, issuer, breakBy, close };
  } catch (error) {
    await close();
    throw error;
  }
};
