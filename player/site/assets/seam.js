// The change from one source to another while the picture goes on: the other is opened in the standby video, brought
// in step, and raised when its frame is shown.

import { nextMove } from "./align.js";

const TICK_MS = 40;
const SAMPLES = 6;
// A frame is said to be shown by a callback, which some browsers never call.
const FRAME_MS = 500;
// The old source goes when the new one has certainly been drawn.
const FAREWELL_MS = 300;
// How far ahead of a moving picture the other is opened, in ms.
const LEAD_MS = 1500;
// HTMLMediaElement.HAVE_CURRENT_DATA and HAVE_FUTURE_DATA
const HAS_PICTURE = 2;
const HAS_MORE = 3;

function isMoving(video) {
  return !video.paused && !video.ended && video.readyState >= HAS_MORE;
}

/** Says once whether a frame of the video has been shown since it was asked; after a while it is taken for granted. */
function watchFrame(video) {
  let shown = false;
  const show = () => (shown = true);
  if (video.requestVideoFrameCallback) {
    video.requestVideoFrameCallback(show);
  }
  const timer = setTimeout(show, FRAME_MS);
  return { isShown: () => shown, cancel: () => clearTimeout(timer) };
}

/**
 * Changes over from what is on screen to another source. `stage` has the videos, `from()` is the source on screen,
 * `openIn(video, wall)` opens the other at a wall clock in ms. Calls onRaised(source, playing) when it is up, and
 * onFailed() when it has not been within `limit` ms. Returns {source, cancel()}.
 */
export function changeOver({ stage, from, openIn, onRaised, onFailed, limit }) {
  const { standby } = stage;
  standby.muted = true;
  standby.defaultPlaybackRate = stage.video.defaultPlaybackRate;
  let samples = [];
  let misses = 0;
  let frame = null;
  let place = 0;
  const lead = isMoving(stage.video) ? LEAD_MS * stage.video.playbackRate : 0;
  const next = openIn(standby, from().wall() + lead);
  const began = performance.now();

  function forget() {
    samples = [];
    if (frame) {
      frame.cancel();
    }
    frame = watchFrame(standby);
  }

  function seek(to) {
    misses += 1;
    forget();
    standby.currentTime = to;
  }

  function setRate(to) {
    samples = [];
    standby.playbackRate = to;
  }

  /** Where the standby should be, in s; the last answer while there is none. */
  function wantedPlace() {
    const found = next.position(from().wall());
    place = found === null ? place : found;
    return place;
  }

  function tick() {
    const { video } = stage;
    const position = wantedPlace();
    const error = standby.currentTime - position;
    samples = samples.concat(error).slice(-SAMPLES);
    const move = nextMove(
      { position, moving: isMoving(video), ended: video.ended, seeking: video.seeking, rate: video.playbackRate },
      {
        position: standby.currentTime,
        paused: standby.paused,
        seeking: standby.seeking,
        ready: standby.readyState >= (isMoving(video) ? HAS_MORE : HAS_PICTURE),
        error: samples.reduce((sum, one) => sum + one, 0) / samples.length,
        settled: samples.length >= SAMPLES,
        ended: standby.ended,
        end: standby.duration,
        misses,
      },
      { hidden: document.hidden },
    );
    act(move, video);
  }

  function act(move, video) {
    if (move.do === "seek") {
      seek(move.to);
    } else if (move.do === "pause") {
      standby.pause();
    } else if (move.do === "play") {
      setRate(video.playbackRate);
      forget();
      standby.play().catch(() => {});
    } else if (move.do === "rate") {
      setRate(move.to);
    } else if (move.do === "raise" && (frame === null || frame.isShown() || document.hidden)) {
      raise();
      return;
    }
    if (performance.now() - began > limit) {
      cancel();
      onFailed();
    }
  }

  function raise() {
    stop();
    const { paused, ended, playbackRate } = stage.video;
    const leaving = from();
    const playing = !paused && !ended;
    setRate(playbackRate);
    stage.raise();
    if (playing && standby.paused) {
      standby.play().catch(() => {});
    }
    onRaised(next, playing);
    setTimeout(() => leaving.close(), FAREWELL_MS);
  }

  function stop() {
    clearInterval(timer);
    if (frame) {
      frame.cancel();
    }
  }

  function cancel() {
    stop();
    next.close();
  }

  const timer = setInterval(tick, TICK_MS);
  forget();
  return { source: next, cancel };
}
