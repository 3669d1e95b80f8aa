// A long playlist that has been read once: of the next one only its two ends are fetched.
//
// It is written anew with every segment, but all that changes is at its ends: a few lines at the beginning, the oldest
// segments, which go, and the newest, which come. One request asks for both (RFC 9110, section 14.2), and what lies
// between is what was there before. At the least doubt the answer is null, and all of it is to be fetched.

// A shorter one is not worth it; the server compresses from here on (templates/web).
const LONG = 8192;
// Both in bytes. The end has room for as many segments as come while a request fails and is repeated.
const HEAD = 384;
const TAIL = 1024;
const PART = /\r\nContent-Range: bytes (\d+)-(\d+)\/(\d+)\r\n(?:[^\r\n]+\r\n)*\r\n/gi;
const FIRST = /^#EXT(INF:|-X-DISCONTINUITY$)/m;

/** What to ask for instead of a whole playlist by one who has `text`: the value of a Range header, or null. */
export function rangesAfter(text) {
  return text.length < LONG ? null : `bytes=0-${HEAD - 1},-${TAIL}`;
}

/** The two ends of a file of `total` bytes out of a body of the type multipart/byteranges; null if it is not that. */
function endsIn(body) {
  const parts = [...body.matchAll(PART)].map((match) => {
    const [first, last, total] = match.slice(1).map(Number);
    const from = match.index + match[0].length;
    return { first, last, total, text: body.slice(from, from + last - first + 1) };
  });
  if (parts.length !== 2) {
    return null;
  }
  const [head, tail] = parts;
  const { total } = head;
  const whole = parts.every(({ first, last, text }) => text.length === last - first + 1);
  return whole && head.first === 0 && tail.total === total && tail.last === total - 1 ? { head, tail, total } : null;
}

/** The playlist after `text`, by the two ends of it that `body` holds; null if they do not continue `text`. */
export function joined(text, body) {
  const ends = endsIn(body);
  if (!ends) {
    return null;
  }
  const head = ends.head.text.slice(0, ends.head.text.lastIndexOf("\n") + 1);
  const tail = ends.tail.text.slice(ends.tail.text.indexOf("\n") + 1);
  const entries = head.search(FIRST);
  const kept = entries < 0 ? -1 : text.indexOf(head.slice(entries));
  const last = text.slice(text.lastIndexOf("\n", text.length - 2) + 1);
  const at = tail.indexOf(last);
  if (kept < 0 || at < 0 || !text.endsWith(tail.slice(0, at + last.length))) {
    return null;
  }
  const next = head.slice(0, entries) + text.slice(kept) + tail.slice(at + last.length);
  return next.length === ends.total ? next : null;
}
