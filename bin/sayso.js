#!/usr/bin/env node
// The sources are TypeScript; tsx loads them directly, so there is no build that could be stale.
import process from 'node:process';
import { register } from 'tsx/esm/api';

register();
const { main } = await import('../src/cli/main.ts');
await main(process.argv);
