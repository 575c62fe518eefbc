/* global window, document, location, localStorage, IDBObjectStore, MutationObserver, Request, URL */
// Runs in the browser, before Altair: keeps the choice of caller and puts its token on each request
// to the endpoint. Altair sends by `fetch`, so the very next query has the new caller, in whichever
// tab, and no token is ever written to Altair's storage.

const configuration = JSON.parse(document.getElementById('sayso-configuration').textContent);
const endpoint = new URL(configuration.endpoint, location.origin);
const tokenEndpoint = new URL('/console/token', location.origin);
const chosenKey = 'sayso.caller';
const openedKey = 'sayso.opened';
const renewBefore = 30_000;

const plainFetch = window.fetch.bind(window);
const choice = document.getElementById('sayso-caller');
const status = document.getElementById('sayso-status');

/** One promise per caller, so that queries sent together share one token. */
const tokens = new Map();

const mint = async (caller) => {
  const response = await plainFetch(tokenEndpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ caller }),
  });
  if (!response.ok) throw new Error(`the gateway gave no token (status ${response.status})`);
  const { token, expiresIn } = await response.json();
  return { token, usableUntil: Date.now() + expiresIn * 1000 - renewBefore };
};

const tokenFor = async (caller) => {
  const kept = await tokens.get(caller)?.catch(() => undefined);
  if (kept && Date.now() < kept.usableUntil) return kept.token;
  const fresh = mint(caller);
  tokens.set(caller, fresh);
  return (await fresh).token;
};

const say = (text, failed = false) => {
  status.textContent = text;
  status.classList.toggle('sayso-failed', failed);
};

const explain = () =>
  say(
    choice.value === ''
      ? 'Type headers under “Set Headers”, left of the query.'
      : 'Its token is sent with every query.',
  );

const isForEndpoint = (address) => {
  const url = new URL(address, document.baseURI);
  return url.origin === endpoint.origin && url.pathname === endpoint.pathname;
};

const fetchAsCaller = async (input, init) => {
  const request = new Request(input, init);
  // A header typed by hand wins: the user sees it, the choice would overrule it unseen.
  if (choice.value !== '' && !request.headers.has('authorization')) {
    try {
      request.headers.set('authorization', `Bearer ${await tokenFor(choice.value)}`);
      explain();
    } catch (error) {
      say(`No token for “${choice.value}”: ${error.message}.`, true);
      throw error;
    }
  }
  return plainFetch(request);
};

// Private windows may refuse storage; then each visit is a first one.
const recall = (key) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};
const remember = (key, value) => {
  try {
    localStorage.setItem(key, value);
  } catch {
    /* see above */
  }
};

if (configuration.demo) {
  const recalled = recall(chosenKey);
  if ([...choice.options].some(({ value }) => value === recalled)) choice.value = recalled;
  choice.addEventListener('change', () => {
    remember(chosenKey, choice.value);
    explain();
  });
  explain();
  window.fetch = (input, init) =>
    isForEndpoint(input instanceof Request ? input.url : input)
      ? fetchAsCaller(input, init)
      : plainFetch(input, init);
}

/**
 * Altair keeps its tabs in the browser with the answers last seen in them. Answers hold personal
 * data, and would outlive the say-so they were given by; so what is kept is the tab without them.
 */
const withoutAnswers = (row) => {
  if (!row?.key?.includes('::windows::') || !row.value?.includes('"responses"')) return row;
  const tab = JSON.parse(row.value);
  return { ...row, value: JSON.stringify({ ...tab, query: { ...tab.query, responses: [] } }) };
};
for (const method of ['add', 'put']) {
  const plain = IDBObjectStore.prototype[method];
  IDBObjectStore.prototype[method] = function (row, ...key) {
    return plain.call(this, withoutAnswers(row), ...key);
  };
}

/** Altair ends on the last tab it opened; on a first visit the first sample is the one to begin with. */
const beginWithFirstSample = () => {
  if (recall(openedKey) !== null) return;
  remember(openedKey, 'yes');
  const watch = new MutationObserver(() => {
    const tabs = document.querySelectorAll('.window-switcher__item');
    if (tabs.length <= configuration.samples.length) return; // one more, to add a tab
    watch.disconnect();
    tabs[0]?.click();
  });
  watch.observe(document.body, { childList: true, subtree: true });
};

// Altair's modules come after this one, and all have run by then.
document.addEventListener('DOMContentLoaded', () => {
  beginWithFirstSample();
  window.AltairGraphQL.init({
    endpointURL: endpoint.href,
    // Used only when the browser holds no tabs yet, so a user's own tabs survive a reload.
    initialWindows: configuration.samples.map(({ name, query }) => ({
      initialName: name,
      endpointURL: endpoint.href,
      initialQuery: query,
    })),
    instanceStorageNamespace: 'sayso_',
    disableAccount: true,
    // Elsewhere introspection may be off and there is no token yet: a failure at each opening.
    initialSettings: { theme: 'system', 'schema.reloadOnStart': configuration.demo },
    persistedSettings: {
      'plugin.list': [],
      'banners.disable': true,
      disablePushNotification: true,
      'alert.disableUpdateNotification': true,
      'alert.disableWarnings': true,
    },
  });
});
