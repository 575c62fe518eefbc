#!/usr/bin/env node
// The sources are TypeScript and loaded as they stand: there is no build that could be stale.
import process from 'node:process';
import './typescript.js';

// A witness is small: it loads nothing of a gateway.
const { main } = await import(
  process.argv[2] === 'witness' ? '../src/cli/witness-main.ts' : '../src/cli/main.ts'
);
await main(process.argv);
