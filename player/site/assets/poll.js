// Reads one JSON document of the server again and again, as long as the page is open.

const BACK_OFF_MS = [1000, 2000, 4000, 8000, 15000, 30000];
const TIME_LIMIT_MS = 10000;

/** "ok", or what a response's HTTP status means for the viewer. */
export function problemOf(status) {
  if (status >= 200 && status < 300) {
    return "ok";
  }
  if (status === 401 || status === 403) {
    return "login";
  }
  return status === 404 ? "unknown" : "connection";
}

/** Whether a fatal network error of hls.js will be the same at the next try: refused, or there, but no playlist. */
export function isFinal({ details, response }) {
  const status = response ? response.code : 0;
  // Who is not let in may log in again.
  return (status >= 400 && status < 500 && problemOf(status) !== "login") || !/Load(Error|TimeOut)$/.test(details);
}

/** How long to wait, in ms, after the given number of failures in a row. */
export function backOff(failures) {
  return BACK_OFF_MS[Math.min(Math.max(failures, 1), BACK_OFF_MS.length) - 1];
}

/**
 * How long to wait, in ms, before a stream's state is read again. A replay changes rarely, and nobody looks
 * at a hidden page; but its sound may go on, so it still follows the end of a stream.
 */
export function stateDelay(state, hidden) {
  if (state === "replay") {
    return hidden ? 60000 : 10000;
  }
  return hidden ? 10000 : 2000;
}

/** Reads a document: {problem: "ok", document}, or {problem} alone. */
export async function readJson(url, signal) {
  // "no-cache" asks the server each time, with If-None-Match: an unchanged document costs no body.
  const response = await fetch(url, { cache: "no-cache", signal });
  const problem = problemOf(response.status);
  return problem === "ok" ? { problem, document: await response.json() } : { problem };
}

/**
 * Calls onDocument(document) after each good answer and onProblem("login" | "unknown" | "connection") after
 * each bad one. `delay(document)` is the pause in ms after a good answer. Returns {now()}, which asks at once.
 */
export function watchDocument(url, { delay, onDocument, onProblem }) {
  let failures = 0;
  let timer = 0;
  let reading = false;

  async function read() {
    if (reading) {
      return;
    }
    reading = true;
    clearTimeout(timer);
    const abort = new AbortController();
    const limit = setTimeout(() => abort.abort(), TIME_LIMIT_MS);
    // Anything that goes wrong on the way, a garbled body included, is a lost connection to the viewer.
    const answer = await readJson(url, abort.signal).catch(() => ({ problem: "connection" }));
    clearTimeout(limit);
    reading = false;
    if (answer.problem === "ok") {
      failures = 0;
      timer = setTimeout(read, delay(answer.document));
      onDocument(answer.document);
    } else {
      failures += 1;
      timer = setTimeout(read, backOff(answer.problem === "connection" ? failures : BACK_OFF_MS.length));
      onProblem(answer.problem);
    }
  }

  window.addEventListener("online", read);
  document.addEventListener("visibilitychange", () => document.hidden || read());
  read();
  return { now: read };
}
