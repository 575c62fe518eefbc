#!/usr/bin/env node
// The sources are TypeScript; tsx loads them directly, so there is no build that could be stale.
import process from 'node:process';
import { register } from 'tsx/esm/api';

register();
// A witness is small: it loads nothing of a gateway.
const { main } = await import(
  process.argv[2] === 'witness' ? '../src/cli/witness-main.ts' : '../src/cli/main.ts'
);
await main(process.argv);
