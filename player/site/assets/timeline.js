// What the review sees of the page of one stream: which moment is shown, how to go to another, where it is on the bar.
// The page of several views has a timeline of its own with the same members.

const LOOK_MS = 500;
// A session's start is known better and better.
const SAME_START_MS = 5000;
const LAST_FRAME_S = 0.05;

/** Of a state document's session and replays, the one that a target shows: the nearest by its start; or null. */
export function entryOf({ live, replays }, target) {
  const off = (entry) => Math.abs(Date.parse(entry.started) - Date.parse(target.started));
  const same = target.replay ? replays.filter(({ file }) => file === target.replay.file) : [];
  const near = [...(live ? [live] : []), ...replays].filter((entry) => off(entry) < SAME_START_MS);
  return same[0] || target.replay || near.sort((one, other) => off(one) - off(other))[0] || null;
}

/**
 * The address of the review document of a session or replay, or null. Where nothing has been written the server names
 * none, but the first word of somebody is to be seen as soon as any other.
 */
export function reviewOf(entry) {
  return entry ? entry.review || (entry.file ? `/review/${entry.file}.json` : null) : null;
}

/**
 * The timeline of one stream. `id` is the stream's; `controller` the media-chrome element, `stage` its videos,
 * `playback` what plays, `state()` the last state document or null, `frames()` the frames of the picture.
 */
export function createTimeline({ id, controller, stage, playback, state, frames }) {
  const listeners = [];
  const bar = document.createElement("div");
  bar.className = "over-bar";
  controller.querySelector("media-time-range").after(bar);

  const target = () => (playback.source ? playback.source.target : null);
  const entry = () => (state() && target() ? entryOf(state(), target()) : null);

  /** What can be sought, in s. */
  function seekable() {
    const { seekable: ranges } = stage.video;
    return ranges.length > 0 ? [ranges.start(0), ranges.end(ranges.length - 1)] : [0, 0];
  }

  const now = () => (playback.source ? playback.source.wall() : null);

  function range() {
    const wall = now();
    if (wall === null) {
      return null;
    }
    const [start, end] = seekable();
    const at = (position) => wall + (position - stage.video.currentTime) * 1000;
    return { from: Math.max(at(start), Date.parse(target().started)), to: at(end) };
  }

  function place(wall) {
    const [start, end] = seekable();
    const position = playback.source && end > start ? playback.source.position(wall) : null;
    // What is older than a live window is put at its start.
    if (position === null || position < start || position > end || (position === start && wall < range().from)) {
      return null;
    }
    return (position - start) / (end - start);
  }

  function seek(wall) {
    const [start, end] = seekable();
    const position = playback.source && end > start ? playback.source.position(wall) : null;
    if (position === null) {
      return false;
    }
    stage.video.currentTime = Math.max(start, Math.min(position, end - LAST_FRAME_S));
    return true;
  }

  function reviews() {
    const found = reviewOf(entry());
    return found ? [found] : [];
  }

  function title() {
    const found = entry();
    return (found && found.title) || (state() && state().title) || id;
  }

  function looks() {
    const [, end] = seekable();
    const shown = target();
    return JSON.stringify([shown && shown.url, reviews(), title(), shown && shown.replay ? end : 0]);
  }

  const tell = () => listeners.forEach((listener) => listener());
  let seen = looks();
  setInterval(() => {
    const is = looks();
    if (is !== seen) {
      seen = is;
      tell();
    }
  }, LOOK_MS);
  ["seeked", "play", "pause"].forEach((name) => stage.on(name, tell));

  return {
    /** The wall clock of what is on screen, in ms, or null. */
    now,
    /** Goes to a wall clock in ms; says whether there is such a moment. */
    seek,
    /** Where a wall clock is on the bar, from 0 to 1, or null. */
    place,
    /** The same moment on the focused view's clock. */
    common: (wall) => wall,
    /** What can be sought: {from, to}, wall clocks in ms, or null. */
    range,
    view: () => id,
    views: () => [id],
    title,
    video: () => stage.video,
    frames,
    pause: () => stage.video.pause(),
    focus() {},
    /** Whether the range still grows. */
    live: () => Boolean(target() && target().kind === "hls"),
    /** The addresses of the review documents of what is on screen. */
    reviews,
    /** How large a second of the recording is, in bytes, or null. */
    bytesPerSecond() {
      const { replay } = target() || {};
      return replay && replay.size && replay.duration ? replay.size / replay.duration : null;
    },
    /** An element that lies exactly over the time bar. */
    bar,
    /** Lays an element over the picture, in full screen too. */
    over(element) {
      element.setAttribute("slot", "top-chrome");
      element.setAttribute("noautohide", "");
      controller.append(element);
    },
    onChange: (listener) => listeners.push(listener),
  };
}
