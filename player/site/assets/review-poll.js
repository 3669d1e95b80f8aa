// Reads the review documents about once a second while somebody looks, so that what others write appears at once.

const EVERY_MS = 1000;
const TIME_LIMIT_MS = 8000;

/** Reads one document: {tag, document}; the document is null when it still has this tag, or cannot be read. */
async function readChanged(url, tag) {
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort(), TIME_LIMIT_MS);
  try {
    // "no-cache" asks the server each time, with If-None-Match: an unchanged document costs no body.
    const response = await fetch(url, { cache: "no-cache", signal: abort.signal });
    const none = response.status === 404;
    const found = none ? "none" : response.headers.get("ETag") || (response.ok ? await response.clone().text() : tag);
    const changed = (none || response.ok) && found !== tag;
    return { tag: found, document: changed ? (none ? {} : await response.json()) : null };
  } catch {
    // The next look is in a second.
    return { tag, document: null };
  } finally {
    clearTimeout(limit);
  }
}

/**
 * Reads the documents that `urls()` names: onDocument(url, document) when one has changed; one that is not there is
 * {}. Returns {now()}, which reads at once.
 */
export function watchReviews({ urls, onDocument }) {
  const tags = new Map();
  let reading = false;

  async function readOne(url) {
    const { tag, document: found } = await readChanged(url, tags.get(url));
    if (found) {
      tags.set(url, tag);
      onDocument(url, found);
    }
  }

  async function read() {
    if (reading || document.hidden) {
      return;
    }
    reading = true;
    const wanted = urls();
    [...tags.keys()].filter((url) => !wanted.includes(url)).forEach((url) => tags.delete(url));
    await Promise.all(wanted.map(readOne));
    reading = false;
  }

  setInterval(read, EVERY_MS);
  document.addEventListener("visibilitychange", read);
  read();
  return { now: read };
}
