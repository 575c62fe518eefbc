import { fileURLToPath } from 'node:url';

// By this file's own place, not by the working directory: `npx sayso` runs from anywhere.
const project = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The sample shop as it comes with Sayso: its SDL and its modules, as absolute paths. */
export const sampleShop = {
  schemaDir: project('schema/shop'),
  notices: project('schema/shop/notices'),
  rules: project('src/sample/rules.ts'),
  resolvers: project('src/sample/resolvers.ts'),
} as const;

/** What a configuration file would say, had somebody written one for the sample shop. */
export const sampleFile = {
  demo: true,
  sources: { shop: { database: 'shop' }, crm: { database: 'crm' } },
} as const;
