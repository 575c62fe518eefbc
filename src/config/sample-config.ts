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
  // Nobody: no such shop, and addresses that RFC 2606 keeps for examples.
  controller: {
    name: 'Sample Shop (made up)',
    address: '1 Example Street, 12345 Sampletown',
    contact: 'Privacy desk of the sample shop',
    email: 'privacy@example.com',
    url: 'https://shop.example.com/',
    jurisdiction: 'DE',
    policyUrl: 'https://shop.example.com/privacy',
    dataProtectionOfficer: 'A. Sample, dpo@example.com',
    storageLocations: ['DE'],
    withdrawal: 'Open "My data" in your account, or write to privacy@example.com',
  },
} as const;
