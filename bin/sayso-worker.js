// One of the processes that `sayso start` serves by when there are several (SAYSO_WORKERS).
import './typescript.js';

const { main } = await import('../src/cli/workers/worker-main.ts');
main();
