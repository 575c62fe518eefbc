// For `node --import`: lets this process load TypeScript as it stands. See docs/decisions/0005.
import { register } from 'node:module';
import process from 'node:process';

register('./load-typescript.js', import.meta.url);
// Errors say where in the sources they come from.
process.setSourceMapsEnabled(true);
