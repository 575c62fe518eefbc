/** What a process of the bench is started with to load TypeScript, as the product does. */
export const loadsTypescript: string[] = [
  '--import',
  new URL('../bin/typescript.js', import.meta.url).href,
];
