// Follows a collection: lists it, then watches from there, and goes on for ever. What it needs of the world is handed in.

const PAGE = 500;
/** The server sends a bookmark each minute. A watch that says nothing for so long is dead. */
const SILENCE_MAX_MS = 150_000;
const WATCH_SECONDS = 300;
const PAUSE_MIN_MS = 500;
const PAUSE_MAX_MS = 10_000;

/** How long to wait after so many failures in a row. */
export function pauseAfter(failures, chance) {
  return Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (failures - 1)) * (0.75 + chance / 2);
}

/** What nobody looks at is not kept. */
function slim(object) {
  delete object.metadata?.managedFields;
  delete object.metadata?.annotations?.["kubectl.kubernetes.io/last-applied-configuration"];
  return object;
}

function withQuery(path, query) {
  return `${path}?${new URLSearchParams(query)}`;
}

async function list(ask, path, signal) {
  const items = [];
  let more = "";
  for (;;) {
    const page = await (await ask(withQuery(path, more ? { limit: PAGE, continue: more } : { limit: PAGE }), { signal })).json();
    items.push(...page.items.map(slim));
    more = page.metadata.continue ?? "";
    if (!more) {
      return { items, version: page.metadata.resourceVersion };
    }
  }
}

/** The lines of a body, as they come; `heard` is called whenever something does. */
export async function* lines(body, heard = () => {}) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        if (rest) {
          yield rest;
        }
        return;
      }
      heard();
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = parts.pop();
      yield* parts;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Watches until the server ends it; from which version to go on. */
async function watch({ ask, path, apply, signal }, version) {
  const dead = new AbortController();
  const stop = () => dead.abort();
  signal.addEventListener("abort", stop, { once: true });
  let silence = setTimeout(stop, SILENCE_MAX_MS);
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(stop, SILENCE_MAX_MS);
  };
  try {
    const query = { watch: "true", allowWatchBookmarks: "true", timeoutSeconds: WATCH_SECONDS, resourceVersion: version };
    const response = await ask(withQuery(path, query), { signal: dead.signal });
    let last = version;
    for await (const line of lines(response.body, heard)) {
      const { type, object } = JSON.parse(line);
      if (type === "ERROR") {
        throw Object.assign(new Error(object.message), { code: object.code });
      }
      last = object.metadata.resourceVersion;
      if (type !== "BOOKMARK") {
        apply(type, slim(object));
      }
    }
    return last;
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Follows the collection at `path` until `signal` says to stop. `replace` gets all objects, `apply` each change, `state` whether what is
 * shown is as the server has it (`null`), or what keeps it from that. `pause(milliseconds)` may end early.
 */
export async function follow({ path, ask, replace, apply, state, pause, signal, chance = Math.random }) {
  let version = null;
  let failures = 0;
  while (!signal.aborted) {
    const begun = Date.now();
    try {
      if (version === null) {
        const all = await list(ask, path, signal);
        replace(all.items);
        version = all.version;
      }
      state(null);
      version = await watch({ ask, path, apply, signal }, version);
      // One that ends at once is not asked for again at once.
      failures = Date.now() - begun < 1000 ? failures + 1 : 0;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      failures += 1;
      if (error.code === 410) {
        version = null;
        if (failures === 1) {
          continue;
        }
      } else {
        state(error);
      }
    }
    if (failures > 0) {
      await pause(pauseAfter(failures, chance()));
    }
  }
}
