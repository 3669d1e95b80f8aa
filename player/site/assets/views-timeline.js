// What the review panel asks of a page with several views, as timeline.js does for one stream. Times are the wall clock
// of one view's own pictures, in ms; `id` says whose, the focused one's where it is left out.

import { reviewOf } from "./timeline.js";
import { placeOf } from "./views-rows.js";

/**
 * `views()` and `focused()`: the views and the id of the focused one; `group` keeps them in step; `bar` lies exactly
 * over the track of the time bar; `over(element)` puts an element over the pictures. Returns the timeline and
 * changed(), which tells who listens.
 */
export function makeTimeline({ views, focused, group, bar, focus, over }) {
  const listeners = [];
  const byId = (id = focused()) => views().find((view) => view.id === id) || null;
  const shared = (wall, id) => (byId(id) ? byId(id).common(wall) : wall);
  const replayOf = (id) => (byId(id) ? byId(id).replay() : null);

  const timeline = {
    now() {
      const view = byId();
      const time = view ? view.now() : null;
      return time === null ? null : view.own(time);
    },
    seek: (wall, id) => group.seek(shared(wall, id)),
    view: focused,
    views: () => views().map(({ id }) => id),
    range() {
      const range = group.range();
      const view = byId();
      return range && view ? { from: view.own(range.from), to: view.own(range.to) } : null;
    },
    live: () => group.liveTime() !== null,
    video: () => (byId() ? byId().video : null),
    pause: group.pause,
    focus,
    bar,
    /** 0 … 1 along the bar, or null beside it. */
    place(wall, id) {
      const range = group.range();
      return range ? placeOf(shared(wall, id), range) : null;
    },
    /** The same moment on the focused view's clock. */
    common: (wall, id) => (byId() ? byId().own(shared(wall, id)) : wall),
    over,
    /** The addresses of the review documents of all that is watched, those of the focused view first. */
    reviews() {
      const order = [byId(), ...views().filter(({ id }) => id !== focused())].filter(Boolean);
      const found = order.map((view) => view.sessions().map(reviewOf));
      return [].concat(...found).filter((url, i, all) => url && all.indexOf(url) === i);
    },
    title: (id) => (byId(id) ? byId(id).title : id),
    bytesPerSecond(id) {
      const replay = replayOf(id);
      return replay && replay.duration > 0 ? replay.size / replay.duration : null;
    },
    /** The frames of the focused picture: {grid(), position(grid)}. */
    frames: () => byId().frames,
    onChange: (listener) => listeners.push(listener),
  };

  return { timeline, changed: () => listeners.forEach((listener) => listener()) };
}
