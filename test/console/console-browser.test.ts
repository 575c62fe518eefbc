import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ConsoleOptions } from '../../src/console/register-console.ts';
import { consoleServer, demoCallers, sampleQueries, subjectOf } from './console-server.ts';

const executablePath = '/usr/bin/chromium';
const installed = existsSync(executablePath);
const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe.skipIf(!installed)(`the console in a browser (needs ${executablePath})`, () => {
  let browser: Browser;
  const closers: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: quiet });
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  /** Opens the console in a fresh profile; `elsewhere` and `complaints` must stay empty. */
  const visit = async (options: Partial<ConsoleOptions>) => {
    const { app, seen } = await consoleServer(options);
    const origin = await app.listen({ port: 0, host: '127.0.0.1' });
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    closers.push(
      () => context.close(),
      () => app.close(),
    );
    const elsewhere: string[] = [];
    const complaints: string[] = [];
    context.on('request', (request) => {
      if (new URL(request.url()).origin !== origin) elsewhere.push(request.url());
    });
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(error.error().message));
    context.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
    });
    const page = await context.newPage();
    page.on('websocket', (socket) => elsewhere.push(socket.url()));
    await page.goto(origin);
    await page.getByText(sampleQueries[0]!.shows).waitFor();
    // In demo mode Altair asks for the schema at once; wait for it, to count only what comes after.
    if (options.callers !== undefined) {
      await page.getByText('Root Types').waitFor({ state: 'attached' });
    }
    const queries = () => seen.filter(({ introspection }) => !introspection);
    return { page, seen, queries, elsewhere, complaints };
  };

  const send = async (page: Page): Promise<string> => {
    // Altair may still be asking for the schema of another tab.
    const answered = page.waitForResponse(
      (response) =>
        response.url().endsWith('/graphql') &&
        response.request().postData()?.includes('__schema') === false,
    );
    await page.getByRole('button', { name: 'Send Request' }).click();
    return (await answered).text();
  };
  const result = (page: Page) => page.locator('.query-result__list');
  const editor = (page: Page) => page.locator('app-query-editor .cm-content').first();
  const tabs = (page: Page) => page.locator('.window-switcher__item');

  it('opens on the samples, asks nothing of any other server and has nothing to complain of', async () => {
    const { page, elsewhere, complaints } = await visit({ callers: demoCallers() });
    await expect.poll(() => tabs(page).count()).toBe(sampleQueries.length + 1);
    for (const [index, { name, query }] of sampleQueries.entries()) {
      await tabs(page).nth(index).click();
      expect(await tabs(page).nth(index).innerText()).toContain(name);
      await page
        .locator('.cm-content', { hasText: query.split('\n')[0]! })
        .first()
        .waitFor();
      await send(page);
    }
    await result(page).getByText('good day').waitFor();
    expect(elsewhere).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('sends the token of the caller chosen with the very next query, and keeps it nowhere', async () => {
    const callers = demoCallers();
    const { page, seen, queries, complaints } = await visit({ callers });
    const choice = page.getByRole('combobox', { name: 'Caller' });
    for (const { name } of [...callers].reverse()) {
      await choice.selectOption(name);
      await send(page);
      await result(page).getByText(`"${name}"`).waitFor();
      expect(subjectOf(queries().at(-1)!.authorization)).toBe(name);
    }
    await choice.selectOption('Warehouse');
    await send(page);
    const ofWarehouse = queries().filter((q) => subjectOf(q.authorization) === 'Warehouse');
    expect(new Set(ofWarehouse.map((q) => q.authorization)).size).toBe(1);

    const introspections = seen.filter(({ introspection }) => introspection);
    expect(introspections.length).toBeGreaterThan(0);
    for (const { authorization } of introspections) {
      expect(subjectOf(authorization)).toBe(callers[0]!.name);
    }

    const token = ofWarehouse[0]!.authorization!.slice('Bearer '.length);
    const kept = async () => (await storedInBrowser(page)).includes('query WhoAmI');
    await expect.poll(kept, { timeout: 10_000 }).toBe(true);
    expect((await storedInBrowser(page)).includes(token)).toBe(false);
    expect(complaints).toEqual([]);
  });

  it('lets headers be typed by hand, and what is typed wins', async () => {
    const { page, queries } = await visit({ callers: demoCallers() });
    await page.getByText('Set Headers').locator('..').click();
    await page.locator('[placeholder="Header key"] .cm-content').fill('Authorization');
    await page.locator('[placeholder="Header value"] .cm-content').fill('Bearer typed');
    await page.getByRole('button', { name: 'Done' }).click();
    await send(page);
    expect(queries().at(-1)!.authorization).toBe('Bearer typed');
  });

  it('leaves no answer behind in the browser', async () => {
    const { page } = await visit({ callers: demoCallers() });
    await tabs(page).nth(1).click();
    await send(page);
    await result(page).getByText('good day').waitFor();
    const answered = async () =>
      (await storedInBrowser(page)).includes(String.raw`"responseStatus\":200`);
    await expect.poll(answered, { timeout: 10_000 }).toBe(true);
    expect((await storedInBrowser(page)).includes('good day')).toBe(false);
  });

  it('asks for a new token before the old one ends', async () => {
    const { page, queries } = await visit({ callers: demoCallers(20) });
    await send(page);
    await send(page);
    const [first, second] = queries();
    expect(second!.authorization).not.toBe(first!.authorization);
  });

  it('keeps the tabs of the user and the caller over a reload', async () => {
    const { page, queries, complaints } = await visit({ callers: demoCallers() });
    await page.getByRole('combobox', { name: 'Caller' }).selectOption('Customer 7');
    await page.getByText('Add new').click();
    await editor(page).fill('query Mine { greeting }');
    await send(page);
    await result(page).getByText('good day').waitFor();
    const kept = async () => (await storedInBrowser(page)).includes('query Mine');
    await expect.poll(kept, { timeout: 10_000 }).toBe(true);
    await page.reload();
    await page.getByText('query Mine {').waitFor();
    await expect.poll(() => tabs(page).count()).toBe(sampleQueries.length + 2);
    await send(page);
    await result(page).getByText('good day').waitFor();
    expect(subjectOf(queries().at(-1)!.authorization)).toBe('Customer 7');
    expect(complaints).toEqual([]);
  });

  it('says so when no token is given, and sends nothing', async () => {
    const caller = { name: 'Broken', token: () => Promise.reject(new Error('no key')) };
    const { page, queries } = await visit({ callers: [...demoCallers(), caller] });
    await page.getByRole('combobox', { name: 'Caller' }).selectOption('Broken');
    await page.getByRole('button', { name: 'Send Request' }).click();
    await page.getByRole('status').getByText('No token for “Broken”').waitFor();
    expect(queries()).toEqual([]);
  });

  it('sends no token of its own outside demo mode', async () => {
    const { page, seen, queries, elsewhere, complaints } = await visit({});
    expect(await page.getByRole('combobox', { name: 'Caller' }).count()).toBe(0);
    await send(page);
    await result(page).getByText('"nobody"').waitFor();
    expect(queries().at(-1)!.authorization).toBeUndefined();
    expect(seen).toHaveLength(1); // nor does it ask for the schema unbidden
    expect([...elsewhere, ...complaints]).toEqual([]);
  });
});

/** Everything the page has written to the browser, as one text. */
const storedInBrowser = async (page: Page): Promise<string> =>
  String(
    await page.evaluate(`(async () => {
      const asked = (request) => new Promise((done, failed) => {
        request.onsuccess = () => done(request.result);
        request.onerror = () => failed(request.error);
      });
      let all = JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage });
      for (const { name } of await indexedDB.databases()) {
        const database = await asked(indexedDB.open(name));
        for (const store of database.objectStoreNames) {
          const rows = await asked(database.transaction(store).objectStore(store).getAll());
          all += JSON.stringify(rows);
        }
        database.close();
      }
      return all;
    })()`),
  );
