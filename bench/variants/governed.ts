import { startApp } from '../../src/app.ts';
import { configFor } from '../config-for.ts';
import type { StartVariant } from '../variant.ts';

/** The product as it is. */
export const startGoverned: StartVariant = async (place) => {
  const app = await startApp(configFor(place));
  return { url: app.url, close: () => app.close() };
};
