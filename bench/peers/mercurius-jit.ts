import { startMercurius } from './mercurius.ts';
import type { StartPeer } from './peer.ts';

/** Mercurius that compiles a query when it comes for the first time. */
export const start: StartPeer = ({ shopUrl }) => startMercurius(shopUrl, { jit: 1 });
