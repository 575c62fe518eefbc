import fc from 'fast-check';
import { parse, Kind, type OperationDefinitionNode } from 'graphql';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepPolicy } from '../../src/audit/audit-store.ts';
import { LedgerError, SchemaError } from '../../src/core/errors.ts';
import type { ConsentInput } from '../../src/core/consent.ts';
import { DecisionRecorder } from '../../src/decision/recorder.ts';
import { releaseRows } from '../../src/decision/release-rows.ts';
import { ConsentSnapshot } from '../../src/ledger/consent-snapshot.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import type { Policy } from '../../src/policy/compile-policy.ts';
import { compilePlan } from '../../src/policy/compile-plan.ts';
import { LogStage, policyOf } from './log-stage.ts';
import { replay } from './replay.ts';

// Whatever the policy, whatever was said and asked: what the gateway decides, and its recorder writes
// down, follows when it is derived again out of nothing but the policy's text and the ledger.

const categories = ['C0', 'C1', 'C2', 'C3', 'C4'];
const purposes = ['P0', 'P1', 'P2', 'P3', 'P4'];
const fields = ['f0', 'f1', 'f2', 'f3', 'f4', 'f5'];
const persons = Array.from({ length: 12 }, (_, i) => `p${i}`);
const places = ['US-CA', 'US', 'DE', 'BE', null, 'nowhere'];

const under = (names: readonly string[], i: number) =>
  i === 0
    ? fc.constant(undefined)
    : fc.option(fc.constantFrom(...names.slice(0, i)), { nil: undefined });
const category = categories.map((name, i) =>
  under(categories, i).map((above) => `${name} @category${above ? `(under: "${above}")` : ''}`),
);
const bases = ['CONSENT', 'CONTRACT', 'LEGAL_OBLIGATION', 'LEGITIMATE_INTEREST'];
const forced = (basis: string): boolean => basis === 'CONTRACT' || basis === 'LEGAL_OBLIGATION';
const wider = [['G0'], ['G0'], ['G1'], ['G0', 'G1'], []];
const purpose = purposes.map((name, i) =>
  fc
    .record({
      covers: fc.subarray(categories, { minLength: 1 }),
      basis: fc.constantFrom(...bases),
      sale: fc.boolean(),
      marketing: fc.boolean(),
      origins: fc.option(
        fc.subarray(['ZERO_PARTY', 'FIRST_PARTY', 'THIRD_PARTY'], { minLength: 1 }),
      ),
      there: fc.option(
        fc.tuple(
          fc.constantFrom('OPT_OUT', ...bases),
          fc.subarray(['US-CA', 'US', 'DE'], { minLength: 1 }),
        ),
      ),
    })
    .map((p) =>
      [
        `${name} @purpose(covers: [${p.covers.join(', ')}], basis: ${p.basis}`,
        `, under: ${JSON.stringify(wider[i])}`,
        // No signal could refuse what a contract or a law demands.
        p.sale && !forced(p.basis) && !forced(p.there?.[0] ?? '') ? ', sale: true' : '',
        p.marketing ? ', directMarketing: true' : '',
        p.origins ? `, origins: [${p.origins.join(', ')}]` : '',
        ')',
        p.there ? ` @basis(is: ${p.there[0]}, in: ${JSON.stringify(p.there[1])})` : '',
      ].join(''),
    ),
);
const field = fields.map((name) =>
  fc
    .record({
      categories: fc.subarray(categories, { minLength: 1, maxLength: 3 }),
      origin: fc.constantFrom('ZERO_PARTY', 'FIRST_PARTY', 'THIRD_PARTY'),
      rules: fc.boolean(),
    })
    .map(
      (f) =>
        `${name}: String @shield(category: [${f.categories.join(', ')}], origin: ${f.origin}${f.rules ? ', rules: ["isStaff"]' : ''})`,
    ),
);
const sdl = fc.tuple(fc.tuple(...category), fc.tuple(...purpose), fc.tuple(...field)).map(
  ([cs, ps, fs]) => `
enum Category { ${cs.join('\n')} }
enum Purpose { G0 @purpose G1 @purpose ${ps.join('\n')} }
type Customer @table(source: "shop", name: "customer") @subject(id: "id", place: "lives") {
  id: ID! @open(because: "surrogate key")
  ${fs.join('\n  ')}
}`,
);

const event: fc.Arbitrary<ConsentInput> = fc
  .record({
    id: fc.constantFrom(...persons),
    kind: fc.constantFrom(
      ...(['given', 'given', 'given', 'renewed', 'refused', 'withdrawn', 'objected'] as const),
      ...(['revoked', 'requested', 'deferred'] as const),
    ),
    purpose: fc.constantFrom(...purposes),
    categories: fc.option(fc.subarray(categories, { minLength: 1 })),
    origins: fc.option(fc.constantFrom(['THIRD_PARTY'], ['FIRST_PARTY', 'THIRD_PARTY'])),
    ago: fc.integer({ min: 0, max: 100 }),
    ends: fc.option(fc.constantFrom(-5, 3_600)),
    signal: fc.boolean(),
    confirmed: fc.boolean(),
  })
  .map((e): ConsentInput => {
    const yes = e.kind === 'given' || e.kind === 'renewed';
    return {
      ...{
        subject: { type: 'Customer', id: e.id },
        kind: e.kind,
        purpose: e.purpose,
        method: 'test',
      },
      ...(e.categories && { categories: e.categories }),
      ...(e.origins && { origins: e.origins }),
      at: new Date(Date.now() - 60_000 - e.ago * 1_000),
      ...(yes && e.ends !== null && { validUntil: new Date(Date.now() + e.ends * 1_000) }),
      ...(yes && { confirmed: e.confirmed }),
      ...(e.kind === 'refused' && e.signal && { signal: 'GPC' }),
    };
  });

interface Asked {
  readonly purpose: string;
  readonly selected: readonly string[];
  readonly gpc: boolean;
  readonly staff: boolean;
  readonly ids: readonly (string | null)[];
}

const step: fc.Arbitrary<Asked | { readonly input: ConsentInput }> = fc.oneof(
  { weight: 3, arbitrary: event.map((input) => ({ input })) },
  {
    weight: 2,
    arbitrary: fc.record({
      purpose: fc.constantFrom('G0', 'G1', ...purposes),
      selected: fc.subarray(['id', ...fields], { minLength: 1 }),
      gpc: fc.boolean(),
      staff: fc.boolean(),
      ids: fc.array(fc.constantFrom(...persons, null), { minLength: 1, maxLength: 20 }),
    }),
  },
);

let stage: LogStage;
beforeAll(async () => {
  stage = await LogStage.open(
    policyOf('enum Category { A @category } enum Purpose { B @purpose }'),
  );
});
afterAll(() => stage.close());

const compiled = (text: string): Policy | undefined => {
  try {
    return policyOf(text);
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
};

/** As the gateway does it, but that rows come from nowhere. */
const operate = async (policy: Policy, snapshot: ConsentSnapshot, asked: Asked): Promise<void> => {
  const document = parse(`{ customers { nodes { ${asked.selected.join(' ')} } } }`);
  const operation = document.definitions.find(
    (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION,
  );
  if (!operation) throw new Error('no operation');
  const refused = new Set(asked.staff ? [] : fields.map((name) => `Customer.${name}`));
  for (const { coordinate, guard } of policy.model.types.get('Customer')?.fields.values() ?? [])
    if (guard.kind !== 'shield' || guard.rules.length === 0) refused.delete(coordinate);
  const plan = compilePlan({
    ...{ policy, document, operation, variables: {}, purpose: asked.purpose, refused },
  });
  const view = await snapshot.view();
  const recorder = new DecisionRecorder();
  for (const row of plan.rows) {
    const rows = asked.ids.map((id) => ({ values: [...row.read.columns.map(() => 'x'), id] }));
    const lives = asked.ids.map((id) => places[Number(id?.slice(1) ?? 0) % places.length]);
    const { subjects } = stage;
    await releaseRows(rows, row, row.read.subject?.place ? lives : undefined, {
      ...{ subjects, snapshot, view, gpc: asked.gpc, recorder },
      onFault: (error) => {
        throw error;
      },
    });
  }
  await stage.audit.append({
    ...{ kind: 'operation', id: uuidv7(), client: 'c', actor: 'a', documentHash: 'd' },
    ...{ policy: policy.id, purpose: asked.purpose, outcome: 'ANSWERED', notices: [], errors: [] },
    ...{ head: view.head, decidedAt: view.now, signals: asked.gpc ? ['GPC'] : [] },
    ...recorder.packed(),
  });
};

describe('whatever the policy, the events and the operations', () => {
  it('all that was decided is derived again', { timeout: 240_000 }, async () => {
    let from = 0;
    let derived = 0;
    let onPlace = 0;
    await fc.assert(
      fc.asyncProperty(
        sdl,
        fc.array(step, { minLength: 10, maxLength: 30 }),
        async (text, steps) => {
          const policy = compiled(text);
          fc.pre(policy !== undefined);
          const { knex } = stage.database;
          await keepPolicy(knex, policy);
          const store = new ConsentStore(knex, stage.subjects, policy);
          const snapshot = new ConsentSnapshot(knex, policy, 1_000);
          for (const one of steps) {
            if (!('input' in one)) await operate(policy, snapshot, one);
            else
              await store.append([one.input]).catch((error: unknown) => {
                // Not everything may be said of every policy.
                if (!(error instanceof LedgerError)) throw error;
              });
          }
          const { differences, summary } = await replay(knex, { from });
          from += summary.entries;
          derived += summary.derived;
          onPlace += summary.onPlace;
          expect(differences).toEqual([]);
          expect(summary.lost).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
    expect(derived).toBeGreaterThan(5_000);
    expect(onPlace).toBeGreaterThan(100);
  });
});
