import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';

/** `Customer:ada` */
const person = z.templateLiteral([z.string(), ':', z.string()]);

const contextShape = z.strictObject({
  /** What a reviewer can see here. */
  shows: z.string(),
  /** Another case's schema and data, where several cases look at one domain. */
  domain: z.string().optional(),
  /** What was said before the request, in this order. */
  sayso: z.array(
    z.strictObject({
      subject: person,
      kind: z.enum(['given', 'refused', 'withdrawn', 'objected']),
      purpose: z.string(),
      categories: z.array(z.string()).optional(),
      at: z.coerce.date().optional(),
      validUntil: z.coerce.date().optional(),
    }),
  ),
  caller: z.strictObject({
    client: z.string(),
    scopes: z.array(z.string()),
    /** The person the token stands for. */
    subject: z.string().optional(),
    roles: z.array(z.string()).optional(),
  }),
  /** The header `Sayso-Purpose`. */
  purpose: z.string().optional(),
  variables: z.record(z.string(), z.unknown()).optional(),
  /** Where in the same request's first page the cursor stands that goes into `$after`. */
  after: z.string().optional(),
  operationName: z.string().optional(),
  status: z.int().default(200),
});

/** One golden case as its folder describes it. */
export interface GoldenCase {
  readonly name: string;
  readonly folder: string;
  readonly request: string;
  readonly context: z.infer<typeof contextShape>;
  readonly schema: string;
  /** SQL by source: `data.shop.sql` fills the source `shop`. */
  readonly data: Readonly<Record<string, string>>;
  readonly modules: { readonly rules?: string; readonly resolvers?: string };
}

const readText = (...path: string[]): Promise<string> => readFile(join(...path), 'utf8');

/** Reads the inputs of one case. */
export const readCase = async (folder: string): Promise<GoldenCase> => {
  const context = contextShape.parse(JSON.parse(await readText(folder, 'context.json')));
  const domain = resolve(folder, context.domain ?? '.');
  const files = await readdir(domain);
  const data: Record<string, string> = {};
  for (const file of files) {
    const source = /^data\.(\w+)\.sql$/.exec(file)?.[1];
    if (source !== undefined) data[source] = await readText(domain, file);
  }
  return {
    name: basename(folder),
    folder,
    request: await readText(folder, 'request.graphql'),
    context,
    schema: await readText(domain, 'schema.graphql'),
    data,
    modules: {
      ...(files.includes('rules.ts') && { rules: join(domain, 'rules.ts') }),
      ...(files.includes('resolvers.ts') && { resolvers: join(domain, 'resolvers.ts') }),
    },
  };
};

/**
 * Cases that one gateway can serve: the same domain and the same said before. Those that change
 * the ledger keep apart from those that do not, and each changes what another person said.
 */
export const groupCases = (cases: readonly GoldenCase[]): readonly (readonly GoldenCase[])[] => {
  const groups = new Map<string, GoldenCase[]>();
  for (const one of cases) {
    const { schema, data, modules, context, request } = one;
    const changes = /^mutation\b/m.test(request);
    const key = JSON.stringify([schema, data, modules, context.sayso, changes]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
};
