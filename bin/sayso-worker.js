// One of the processes that `sayso start` serves by when there are several (SAYSO_WORKERS).
import { register } from 'tsx/esm/api';

register();
const { main } = await import('../src/cli/workers/worker-main.ts');
main();
