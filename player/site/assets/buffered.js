// What of a recording is loaded. Pure; positions in s, ranges [start, end] in order.

// A playlist begins with a hole where its sound comes before its picture. So small a one, in s, is passed over, and so
// far; hls.js does that only where a video plays.
const HOLE_S = 0.5;
const INSIDE_S = 0.01;

/** Where what is loaded begins next, if that is hardly later than a position, in s; else the position itself. */
export function beyondHole(ranges, position) {
  if (isBuffered(ranges, position)) {
    return position;
  }
  const next = ranges.find(([start]) => start > position && start - position < HOLE_S);
  return next ? next[0] + INSIDE_S : position;
}

/** Whether a position is loaded. */
export function isBuffered(ranges, position) {
  return ranges.some(([start, end]) => start <= position && position < end);
}

/** What of a media element is loaded. */
export function rangesOf({ buffered }) {
  return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
}

/** Whether what is to be shown at a position is not loaded, or not all of it, but something after it is. */
export function isScattered(fragments, position) {
  const ahead = fragments.filter(({ start, duration }) => start + duration > position);
  const isLoaded = ({ elementaryStreams }) => Boolean(elementaryStreams && elementaryStreams.video);
  const hole = ahead.findIndex((fragment) => !isLoaded(fragment));
  return hole !== -1 && ahead.slice(hole).some(isLoaded);
}
