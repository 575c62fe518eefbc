import type { Knex } from 'knex';
import type { ControllerConfig } from './config/config.ts';
import { SaysoError, SourceError } from './core/errors.ts';
import { readPlace } from './decision/own-data.ts';
import { shownActor } from './ledger/consent-history.ts';
import type { SubjectDirectory } from './ledger/subject-directory.ts';
import type { Policy } from './policy/compile-policy.ts';
import type { ReceiptFacts } from './receipts/receipt-facts.ts';
import { createReceiptReader, RecordNotFoundError } from './receipts/receipt-reader.ts';
import { writeReceipt } from './receipts/write-receipt.ts';
import type { Sources } from './sources/source.ts';

export interface OpenReceiptsOptions {
  readonly knex: Knex;
  readonly subjects: SubjectDirectory;
  readonly policy: Policy;
  readonly controller: ControllerConfig | undefined;
  readonly sources: Sources;
}

/** Receipts of a deployment. */
export interface OpenReceipts {
  /** @throws SaysoError RECORD_NOT_FOUND (404), CONTROLLER_MISSING (501) */
  read(record: string): Promise<ReceiptFacts>;
  /** As `read`, of what this person said alone. */
  ofPerson(number: number, record: string, format: 'ISO_27560' | 'KANTARA'): Promise<unknown>;
}

/** Gives receipts by today's policy, the configured controller, and where their person lives. */
export const openReceipts = (options: OpenReceiptsOptions): OpenReceipts => {
  const { knex, subjects, policy, controller, sources } = options;

  /** Null for who was erased, and where the source does not say or is down. */
  const placeOf = async (number: number): Promise<string | null> => {
    const subject = await subjects.personOf(number);
    if (!subject) return null;
    try {
      const { place } = await readPlace(subject, policy, sources);
      return typeof place === 'string' ? place : null;
    } catch (error) {
      if (error instanceof SourceError) return null;
      throw error;
    }
  };
  const read = (record: string): Promise<ReceiptFacts> => {
    if (controller === undefined) {
      const message = 'a receipt names who is responsible: configure `controller`';
      return Promise.reject(new SaysoError(message, { code: 'CONTROLLER_MISSING', status: 501 }));
    }
    return createReceiptReader(knex, policy, controller, placeOf).read(record);
  };
  return {
    read,
    ofPerson: async (number, record, format) => {
      const facts = await read(record);
      // Somebody else's record is, to this person, none.
      if (facts.principal !== String(number)) throw new RecordNotFoundError();
      const shown = { ...facts, actor: shownActor(facts.actor, number) };
      return writeReceipt(shown, format === 'KANTARA' ? 'kantara' : 'iso');
    },
  };
};
