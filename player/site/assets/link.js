// What the page's own address asks for.

const STREAM_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Reads "?id=ID": {id} or {problem: "missing" | "malformed"}. */
export function readLink(search) {
  const id = new URLSearchParams(search).get("id");
  if (!id) {
    return { problem: "missing" };
  }
  return STREAM_ID.test(id) ? { id } : { problem: "malformed" };
}

/** The stable link of a stream. */
export function playerLink(id) {
  return `/player?id=${encodeURIComponent(id)}`;
}
