// The rows of the time bar: where along it each stream has pictures. Pure; times in ms, places from 0 to 1.

// Pieces that follow one another this soon are one.
const JOINED_MS = 400;

/** Spans in order, those that touch joined. */
export function joined(spans) {
  const sorted = [...spans].sort((one, other) => one[0] - other[0]);
  return sorted.reduce((found, [from, to]) => {
    const last = found[found.length - 1];
    if (last && from - last[1] <= JOINED_MS) {
      return [...found.slice(0, -1), [last[0], Math.max(last[1], to)]];
    }
    return [...found, [from, to]];
  }, []);
}

/** The place of a time on a bar that goes from `from` to `to`: 0 … 1, or null beside it. */
export function placeOf(time, { from, to }) {
  return to > from && time >= from && time <= to ? (time - from) / (to - from) : null;
}

/** The time at a place of the bar. */
export function timeAt(place, { from, to }) {
  return from + Math.max(0, Math.min(1, place)) * (to - from);
}

/** A row’s pieces [{left, width}] on a bar {from, to}. */
export function piecesOf(spans, range) {
  return joined(spans)
    .map(([from, to]) => [Math.max(from, range.from), Math.min(to, range.to)])
    .filter(([from, to]) => to > from)
    .map(([from, to]) => ({ left: placeOf(from, range), width: (to - from) / (range.to - range.from) }));
}

/** Whether there are pictures of a time; a little beside the end there are none any more. */
export function covers(spans, time, early = 0) {
  return spans.some(([from, to]) => time >= from - early && time < to);
}

/** Where pictures begin next after a time in which there are none; null at the very end. */
export function nextStart(spans, time) {
  const later = spans.map(([from]) => from).filter((from) => from > time);
  return later.length > 0 ? Math.min(...later) : null;
}
