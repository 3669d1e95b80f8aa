// Who the viewer is, and writing notes: each is a small file of its own that is written once.

import { newId } from "./review-notes.js";

const NOBODY = { name: "", write: false };
// An answer that is lost, in ms: the same file is sent again after so long.
const AGAIN_MS = [1000, 3000, 8000];
const TIME_LIMIT_MS = 10000;
const PROBLEMS = { 401: "login", 403: "forbidden", 413: "tooLarge", 429: "flood" };

let asked = null;

async function ask() {
  try {
    const response = await fetch("/me.json", { cache: "no-store" });
    const { name, write } = await response.json();
    return { name: String(name || ""), write: write === true };
  } catch {
    // Asked again the next time: the network may be back by then.
    asked = null;
    return NOBODY;
  }
}

/** Who the server says that the viewer is, and whether they may write: {name, write}. */
export function me() {
  asked = asked || ask();
  return asked;
}

/**
 * What an answer means: {done, problem, again}. `again` says that the same file may be sent once more; `tries` is how
 * often it was sent before, for a file that is there already may be the one whose answer was lost.
 */
export function judge(status, tries) {
  if ((status >= 200 && status < 300) || (status === 409 && tries > 0)) {
    return { done: true, problem: null, again: false };
  }
  const problem = PROBLEMS[status] || "connection";
  return { done: false, problem, again: problem === "connection" || problem === "flood" };
}

async function put(url, body) {
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort(), TIME_LIMIT_MS);
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(url, { method: "PUT", headers, body, signal: abort.signal }).catch(() => ({ status: 0 }));
  clearTimeout(limit);
  return answer.status;
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Writes a note: {ok, id, status, problem}. What is lost on the way is sent again; it can be there only once. */
export async function writeNote(body, id = newId()) {
  const { name } = await me();
  const url = `/write/${encodeURIComponent(name)}/${id}.json`;
  for (let tries = 0; ; tries += 1) {
    const status = await put(url, JSON.stringify(body));
    const { done, problem, again } = judge(status, tries);
    if (done || !again || tries === AGAIN_MS.length) {
      return { ok: done, id, status, problem };
    }
    await wait(AGAIN_MS[tries]);
  }
}
