import { getVariableValues } from 'graphql';
import { pino } from 'pino';
import { uuidv7 } from 'uuidv7';
import { loadAnswer, type BytesRequest } from '../../src/answer/answer-in-bytes.ts';
import { WithheldNotes } from '../../src/decision/withheld.ts';
import { AnswerBytes, beginAnswer } from '../../src/gateway/answer-bytes.ts';
import { AnswerCache } from '../../src/gateway/answer-cache.ts';
import { createHttpServer } from '../../src/gateway/http-server.ts';
import type { OperationRequest } from '../../src/gateway/operation.ts';
import { PlanCache } from '../../src/gateway/plan-cache.ts';
import { attachScalars } from '../../src/gateway/scalars.ts';
import { createVerifier } from '../../src/identity/verify-token.ts';
import { loadPolicy } from '../../src/load-policy.ts';
import { SqlSource } from '../../src/sources/sql/sql-source.ts';
import { configFor } from '../config-for.ts';
import type { StartVariant } from '../variant.ts';

const maxObjects = 250_000;
const nobodyRefused: ReadonlySet<string> = new Set();

/** Plain types are decided on by nobody: none of it is ever asked for. */
const nothingToDecide = {} as BytesRequest['decision'];
/** Nor does the bench's query show a cursor. */
const noCursors = {} as BytesRequest['paging']['cursors'];

/**
 * The product's twin with governance left out: the same server, limits, token check, plan, SQL and
 * answers written from the driver's bytes, over the same types without a rule. No purpose, no
 * ledger, no persons, no decisions, no audit. It is wired here and nowhere in the product.
 */
export const startUngoverned: StartVariant = async (place) => {
  const config = {
    ...configFor(place),
    schemaDir: new URL('../schema-off', import.meta.url).pathname,
  };
  const { policy } = await loadPolicy(config);
  const { schema } = policy;
  const source = new SqlSource({
    name: 'shop',
    connection: { connectionString: place.shopUrl },
    schema: 'public',
    poolSize: 10,
    timeoutMs: 60_000,
    maxRows: config.limits.maxRows,
  });
  attachScalars(schema);
  const sources = new Map([['shop', source]]);
  const { defaultPageSize, maxPageSize } = config.limits;
  const paging = { cursors: noCursors, defaultPageSize, maxPageSize };
  const reads: BytesRequest['reads'] = {
    fetchRaw: (read, find) => source.fetchRaw(read, find),
    fetchAlong: (read, find, below) => source.fetchAlong(read, find, below),
    took: () => undefined,
  };
  const plans = new PlanCache();
  const answers = new AnswerCache();

  const pipeline = async ({ document, operation, variables: sent }: OperationRequest) => {
    if (!operation) throw new Error('the document has no such operation');
    const { coerced: variables } = getVariableValues(
      schema,
      operation.variableDefinitions ?? [],
      sent,
    );
    if (!variables) throw new Error('the variables do not fit');
    const asked = { policy, document, operation, variables };
    const plan = plans.plan({ ...asked, purpose: undefined, refused: nobodyRefused });
    const answer = answers.answer({ ...asked, plan, sources });
    if (!answer) throw new Error('not to be answered in bytes');
    const loaded = await loadAnswer({
      ...{ answer, variables, decision: nothingToDecide, paging, maxObjects, reads },
    });
    const out = beginAnswer(answer);
    loaded.write(out, new WithheldNotes());
    return new AnswerBytes(out, { entry: uuidv7() }, answer);
  };

  const server = await createHttpServer({
    config,
    schema,
    purposes: [],
    verify: createVerifier(config.identity),
    logger: pino({ level: 'silent' }),
    isReady: () => Promise.resolve({}),
    pipeline,
  });
  const url = await server.listen({ host: config.host, port: config.port });
  return {
    url,
    close: async () => {
      await server.close();
      await source.close();
    },
  };
};
