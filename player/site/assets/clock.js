// One clock: every position of a recording, live or replay, has a wall-clock time in ms since 1970.

const SEGMENT_TIME = /-(\d+)\.ts(?:[?#]|$)/;
// Segment names jitter with the network, always late: the least offset of a neighbourhood is the true one.
const NEIGHBOURHOOD_S = 30;
// A position may lie this far outside of a replay and still be meant.
const TOLERANCE_MS = 5000;
const NONE = new Map();

/** The wall-clock time in a segment's name, in ms, or NaN. */
export function segmentTime(url) {
  const match = SEGMENT_TIME.exec(url);
  return match ? Number(match[1]) : NaN;
}

/** The first and the last index of the fragments near number `index` that belong to the same part. */
function neighbourhood(fragments, index) {
  const { cc, start } = fragments[index];
  const isNear = (other) => other && other.cc === cc && Math.abs(other.start - start) <= NEIGHBOURHOOD_S;
  let [low, high] = [index, index];
  while (isNear(fragments[low - 1])) {
    low -= 1;
  }
  while (isNear(fragments[high + 1])) {
    high += 1;
  }
  return [low, high];
}

/** The index nearest to `index`, in the same part, of a fragment that has been loaded, or -1. */
function nearestLoaded(fragments, index, pictures) {
  const isPart = (other) => other && other.cc === fragments[index].cc;
  for (let away = 0; isPart(fragments[index - away]) || isPart(fragments[index + away]); away += 1) {
    const found = [index + away, index - away].find((i) => isPart(fragments[i]) && pictures.has(fragments[i].sn));
    if (found !== undefined) {
      return found;
    }
  }
  return -1;
}

/** The offset (wall clock in ms minus position in ms) around fragment number `index`, within its own part. */
function offsetAround(fragments, index, pictures) {
  const [low, high] = neighbourhood(fragments, index);
  const anchor = fragments[nearestLoaded(fragments, index, pictures)];
  // What has not been loaded follows from what has, by the playlist's lengths. hls.js' own measure will not do: it lets
  // a fragment begin with its sound, which the server may send a tenth of a second earlier, and moves others after it.
  const startOf = ({ sn, start, playlistOffset }) => {
    if (!anchor) {
      return start;
    }
    const found = pictures.get(sn);
    return found === undefined ? pictures.get(anchor.sn) + playlistOffset - anchor.playlistOffset : found;
  };
  const near = fragments.slice(low, high + 1);
  return Math.min(...near.map((fragment) => segmentTime(fragment.url) - startOf(fragment) * 1000));
}

/** The index of the last fragment for which `before(fragment)` holds, or 0. */
function lastIndex(fragments, before) {
  let low = 0;
  let high = fragments.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (before(fragments[middle])) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/**
 * The wall-clock time, in ms, of a position in seconds of a playlist's fragments {sn, url, start, playlistOffset,
 * duration, cc}; null if it is unknown. `pictures` says of what has been loaded where its picture begins, in s, by sn.
 */
export function fragmentWall(fragments, position, pictures = NONE) {
  if (fragments.length === 0) {
    return null;
  }
  const index = lastIndex(fragments, (fragment) => fragment.start <= position);
  const wall = offsetAround(fragments, index, pictures) + position * 1000;
  return Number.isFinite(wall) ? wall : null;
}

/** The position, in seconds, of a wall-clock time in a playlist's fragments; the nearest one that there is. */
export function fragmentPosition(fragments, wall, pictures = NONE) {
  if (fragments.length === 0) {
    return null;
  }
  const index = lastIndex(fragments, (fragment) => segmentTime(fragment.url) <= wall);
  const position = (wall - offsetAround(fragments, index, pictures)) / 1000;
  if (Number.isNaN(position)) {
    return null;
  }
  // Nothing was received between two parts: a time in the gap means the start of the next one.
  const next = fragments[index + 1];
  const { start, duration, cc } = fragments[index];
  const end = next && next.cc === cc ? Infinity : start + duration;
  return Math.min(Math.max(position, fragments[0].start), end);
}

/** The times [from, to], in ms of wall clock, of the parts of a playlist's fragments; between them nothing was sent. */
export function fragmentSpans(fragments, pictures = NONE) {
  const starts = fragments.filter(({ cc }, i) => i === 0 || cc !== fragments[i - 1].cc);
  const spans = starts.map((first, i) => {
    const next = starts[i + 1];
    const last = fragments[next ? fragments.indexOf(next) - 1 : fragments.length - 1];
    const from = fragmentWall(fragments, first.start, pictures);
    return [from, from === null ? null : from + (last.start + last.duration - first.start) * 1000];
  });
  return spans.filter(([from]) => from !== null);
}

/** The times [from, to], in ms of wall clock, of the parts of a replay. */
export function replaySpans(replay) {
  const parts = replay.parts && replay.parts.length > 0 ? replay.parts : [{ ...replay, offset: 0, clock: [] }];
  return parts.map((part) => {
    const points = pointsOf(part);
    return [part.offset, part.offset + part.duration].map((position) => convert(points, 0, 1, position));
  });
}

// Views in step ask for these many times a second.
const parsed = new WeakMap();

/** A part's clock points [[position in s, wall clock in ms], …], ascending; its start where none was measured. */
function pointsOf(part) {
  if (!parsed.has(part)) {
    const points = part.clock && part.clock.length > 0 ? part.clock : [[part.offset, part.started]];
    parsed.set(part, points.map(([position, wall]) => [position, Date.parse(wall)]));
  }
  return parsed.get(part);
}

/** The straight line through two points, or of slope 1 s = 1000 ms through one, at `x`. */
function along([x0, y0], other, x, slope) {
  const rate = other && other[0] !== x0 ? (other[1] - y0) / (other[0] - x0) : slope;
  return y0 + (x - x0) * rate;
}

/** Follows the points from axis `from` to axis `to` (0 = position, 1 = wall clock). */
function convert(points, from, to, value) {
  const turned = points.map((point) => [point[from], point[to]]);
  const slope = from === 0 ? 1000 : 0.001;
  const next = turned.findIndex(([x]) => x > value);
  if (next === -1) {
    return along(turned[turned.length - 1], null, value, slope);
  }
  return next === 0 ? along(turned[0], null, value, slope) : along(turned[next - 1], turned[next], value, slope);
}

/** The wall-clock time, in ms, of a position in seconds of a replay. */
export function replayWall(replay, position) {
  const parts = replay.parts || [];
  const part = parts.filter(({ offset }) => offset <= position).pop() || parts[0];
  return part ? convert(pointsOf(part), 0, 1, position) : Date.parse(replay.started) + position * 1000;
}

/** The position, in seconds, of a wall-clock time in a replay; null when the replay does not hold that time. */
export function replayPosition(replay, wall) {
  const parts = replay.parts && replay.parts.length > 0 ? replay.parts : [{ ...replay, offset: 0, clock: [] }];
  for (const part of parts) {
    const position = convert(pointsOf(part), 1, 0, wall);
    if (position < part.offset + part.duration) {
      // Before this part and after the one before it: the gap between two parts.
      const early = part.offset - position;
      return early <= 0 || part !== parts[0] || early * 1000 <= TOLERANCE_MS ? Math.max(position, part.offset) : null;
    }
  }
  const last = parts[parts.length - 1];
  const late = convert(pointsOf(last), 1, 0, wall) - last.offset - last.duration;
  return late * 1000 <= TOLERANCE_MS ? last.offset + last.duration : null;
}
