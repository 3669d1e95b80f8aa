// What the viewer can do with keys, fingers, the speed menu and the sheet. Knows nothing of streams: `video()` is the
// media element on screen, which may be another one the next time.

import { clockText } from "./format.js";
import { watchFrames } from "./frame-watch.js";
import { stepTarget } from "./frames.js";
import { setUpGestures } from "./gestures.js";
import { setUpHint } from "./hint.js";
import { actionOf } from "./keys.js";
import { isOver, loopWords, NO_LOOP, pressed } from "./loop.js";
import { setUpPreview } from "./preview.js";
import { setUpMemory } from "./remembering.js";
import { setUpSheet } from "./sheet.js";
import { setUpSpeedMenu } from "./speed-menu.js";
import { speedBy } from "./speeds.js";
import { text } from "./text.js";

// Jumps that come this soon after one another, in ms, are told as one.
const TOGETHER_MS = 1000;
// Where a recording goes on is said until it does, in ms: the picture has to come first.
const RESUMED_MS = 4000;
// The last frame is in front of the end, in s.
const LAST_FRAME_S = 0.05;

const FIELDS = "input, select, textarea, [contenteditable], [role=menu] *, dialog[open] *";

/** The kind of control that has the focus, as keys.js wants it. */
export function focusKind(element) {
  if (!element || !element.matches) {
    return "";
  }
  if (element.matches("media-volume-range, input[type=range]")) {
    return "range";
  }
  if (element.matches(FIELDS)) {
    return "field";
  }
  return element.matches("a, button, [role=button]") ? "button" : "";
}

/**
 * Sets everything up. `page` has the elements; `video()` is the media element on screen; `replay()` the replay that it
 * shows or null; `edge()` the live position in s or null; `goLive()` and `setSpeed(rate)` do what they say;
 * `copyMoment()` copies the link and says whether it could; `review.act(does, by)` takes the review's actions.
 */
export function setUpControls({ page, video, replay, edge, goLive, setSpeed, copyMoment, review }) {
  const { controller } = page;
  const stage = controller;
  const hint = setUpHint(page.hint);
  const sheet = setUpSheet(page.sheet, page.help);
  const frames = watchFrames(stage, { video, replay });
  // What the viewer chose; the rate itself may be the tenth by which the live edge is caught up with.
  const speed = () => video().defaultPlaybackRate;
  const memory = setUpMemory(stage, { video, replay, speed });
  let jumped = { when: -Infinity, by: 0 };
  let stepping = false;
  let loop = NO_LOOP;
  // A loop is of one video: what takes its place counts from somewhere else.
  let looped = null;

  const ask = (name) => controller.dispatchEvent(new window.CustomEvent(name, { composed: true, bubbles: true }));

  /** What can be sought, in s. */
  function range() {
    const { seekable } = video();
    const end = edge();
    if (seekable.length === 0) {
      return [0, 0];
    }
    return [seekable.start(0), end === null ? seekable.end(seekable.length - 1) : end];
  }

  function seekTo(position) {
    const [start, end] = range();
    if (end > start && position >= end && edge() !== null) {
      goLive();
    } else if (end > start) {
      video().currentTime = Math.max(start, Math.min(position, end - LAST_FRAME_S));
    }
  }

  function changeSpeed(rate) {
    setSpeed(rate);
    menu.show(rate);
  }

  function choose(rate) {
    changeSpeed(rate);
    hint(text.speed(rate));
  }

  function repeat() {
    const plays = !video().paused && !video().seeking;
    if (plays && looped === video() && isOver(loop, video().currentTime * 1000)) {
      video().currentTime = loop.from / 1000;
    }
  }

  const actions = {
    toggle: () => ask(video().paused ? "mediaplayrequest" : "mediapauserequest"),
    seekBy(by) {
      const together = performance.now() - jumped.when < TOGETHER_MS && by * jumped.by > 0;
      jumped = { when: performance.now(), by: (together ? jumped.by : 0) + by };
      seekTo(video().currentTime + by);
      hint(text.jump(jumped.by));
    },
    seekToTenth(tenth) {
      const [start, end] = range();
      seekTo(start + ((end - start) * tenth) / 10);
    },
    seekToStart: () => seekTo(range()[0]),
    seekToEnd: () => seekTo(range()[1]),
    async stepBy(count) {
      // A key that is held down waits for the frame before: only so is each one seen.
      if (stepping || video().readyState === 0) {
        return;
      }
      video().pause();
      stepping = true;
      const grid = await frames.grid();
      stepping = false;
      const [start, end] = range();
      const position = video().ended ? end - grid.duration / 2 : frames.position(grid);
      const target = stepTarget(grid, position, count);
      if (target > start && target < end) {
        video().currentTime = target;
      }
      hint(grid.steady ? text.step(count) : text.aboutStep(count));
    },
    speedBy: (direction) => choose(speedBy(speed(), direction)),
    volumeBy(by) {
      const volume = Math.min(1, Math.max(0, Math.round((video().volume + by) * 100) / 100));
      video().volume = volume;
      if (volume > 0 && video().muted) {
        actions.mute();
      }
      hint(text.volume(volume));
    },
    mute() {
      const muted = !video().muted;
      ask(muted ? "mediamuterequest" : "mediaunmuterequest");
      hint(muted ? text.muted : text.volume(video().volume));
    },
    fullscreen: () => ask(document.fullscreenElement ? "mediaexitfullscreenrequest" : "mediaenterfullscreenrequest"),
    pictureInPicture() {
      if (!document.pictureInPictureEnabled) {
        hint(text.noPictureInPicture);
        return;
      }
      ask(document.pictureInPictureElement ? "mediaexitpiprequest" : "mediaenterpiprequest");
    },
    loop() {
      loop = pressed(looped === video() ? loop : NO_LOOP, video().currentTime * 1000);
      looped = video();
      hint(loopWords(loop));
    },
    async copyLink() {
      if (await copyMoment()) {
        hint(text.messages.copied);
      }
    },
    sheet: () => sheet.toggle(),
  };

  const menu = setUpSpeedMenu(page.speed, page.speeds, choose);
  menu.show(speed());
  stage.addEventListener("ratechange", () => menu.show(speed()), true);
  const onScreen = (then) => (event) => event.target === video() && then();
  stage.addEventListener("timeupdate", onScreen(repeat), true);
  stage.addEventListener("emptied", onScreen(() => (loop = NO_LOOP)), true);
  setUpPreview(controller, page.preview, { range, edge });
  setUpGestures(stage, {
    onJump: actions.seekBy,
    onDrag: (by) => hint(text.drag(by, clockText(Math.max(0, video().currentTime - range()[0] + by)))),
    onSeek: (by) => seekTo(video().currentTime + by),
  });
  controller.addEventListener("mediamuterequest", () => memory.setMuted(true));
  controller.addEventListener("mediaunmuterequest", () => memory.setMuted(false));
  window.addEventListener(
    "keydown",
    (event) => {
      const action = event.defaultPrevented ? null : actionOf(event, focusKind(document.activeElement));
      if (action) {
        event.preventDefault();
        if (!review.act(action.does, action.by)) {
          actions[action.does](action.by);
        }
      }
    },
    true,
  );

  return {
    /** The frames of what is on screen: {grid(), position(grid)}. */
    frames,
    /** The wall clock in ms at which a target that has just been come to goes on, or null; its speed is set. */
    resume(target) {
      const fresh = { wall: null, place: 0, speed: 1 };
      const { wall, place, speed: rate } = target.replay ? memory.recall(target.replay) : fresh;
      changeSpeed(rate);
      if (wall !== null) {
        hint(text.resumed(clockText(place)), RESUMED_MS);
      }
      return wall;
    },
  };
}
