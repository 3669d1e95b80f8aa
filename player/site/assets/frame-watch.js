// Measures the frames of what plays, so that steps from one to the next are exact.

import { gridByRate, gridOf, isFull, parseRate, stepTarget } from "./frames.js";

// Two seconds at 60 frames per second: a longer measure gives a finer rate.
const KEPT = 120;
// Who has paused this long ago, in ms, stays.
const ALIGN_MS = 100;
// A frame's time that is this near to the position that was sought, in s, is that position and no measure.
const SAME_S = 0.0001;

/** The start of the part of a replay that holds a position, in s: each part has a grid of its own. */
function partStart(replay, position) {
  const parts = (replay && replay.parts) || [];
  return parts.reduce((start, { offset }) => (offset <= position ? offset : start), 0);
}

/** The time of a frame near a position, from s on: thumbnails are made of key frames. Null if none is known. */
function knownFrame(media, from, position) {
  const track = Array.from(media.textTracks).find(({ label }) => label === "thumbnails");
  const starts = Array.from((track && track.cues) || []).map(({ startTime }) => startTime);
  // What is shown at the very start of a part may be the time before its first frame.
  const near = starts.filter((start) => start > from + 0.001 && start <= position);
  return near.length > 0 ? near[near.length - 1] : null;
}

/** The average rate, in frames per second, that the file beside a replay tells, or null. */
async function readRate(replay) {
  try {
    const answer = await fetch(replay.url.replace(/\.mp4$/, ".json"));
    return parseRate((await answer.json()).video.avg_frame_rate);
  } catch {
    return null;
  }
}

/**
 * Watches the frames of the media elements within `stage`. `video()` is the one on screen and `replay()` the replay
 * that it shows, or null. Returns {grid(), position(grid)}: a promise of the grid at the present position, and a
 * position within the frame on screen.
 */
export function watchFrames(stage, { video, replay }) {
  let samples = [];
  let measured = null;
  let watched = null;
  let run = 0;
  // The time of the frame that was played last; null after a seek.
  let onScreen = null;
  // Whether this browser tells the times of frames after a seek too; null while that is unknown.
  let tellsAll = null;
  const rates = new Map();

  /** What has been seen so far, if it is enough for a grid. */
  function measure() {
    const grid = gridOf(samples);
    const part = grid && partStart(replay(), samples[samples.length - 1].time);
    // A run that stuttered does not undo what was measured in the same part before.
    if (grid && (grid.steady || !measured || !measured.steady || measured.part !== part)) {
      measured = { ...grid, part };
    }
    return measured;
  }

  /** What is shown after a seek continues nothing; what was measured before still holds. */
  function endRun() {
    measure();
    samples = [];
    run += 1;
    onScreen = null;
  }

  /** Follows the frames of a media element until it seeks or another run begins. */
  function watch(media) {
    const own = run;
    let first = true;
    function shown(_now, { mediaTime: time, presentedFrames: count }) {
      if (own !== run || media.seeking) {
        return;
      }
      // The time that comes first may be the one that was sought, not that of a frame.
      if (!first) {
        samples = media.paused ? samples : samples.concat({ time, count }).slice(-KEPT);
        onScreen = time;
      }
      first = false;
      media.requestVideoFrameCallback(shown);
    }
    watched = media;
    if (media.requestVideoFrameCallback) {
      media.requestVideoFrameCallback(shown);
    }
  }

  function beginRun({ target }) {
    if (target === video() && !target.paused) {
      endRun();
      watch(target);
    }
  }

  function learn({ target }) {
    if (!tellsAll && target === video() && target.paused && target.requestVideoFrameCallback) {
      const sought = target.currentTime;
      target.requestVideoFrameCallback((_now, { mediaTime }) => {
        // What plays on comes with the time of a frame anyway.
        if (target.paused && target.currentTime === sought) {
          tellsAll = tellsAll || Math.abs(mediaTime - sought) > SAME_S;
        }
      });
    }
  }

  /**
   * Firefox leaves open which frame a pause shows: it may be one beside the clock's and the callback's. Sought, it is
   * certain; this moves the picture by a frame at most, at the moment in which it stops.
   */
  function align({ target }) {
    setTimeout(() => {
      const grid = measure();
      const rests = target === video() && target.paused && !target.seeking && !target.ended;
      if (rests && onScreen !== null && grid && grid.steady && !tellsAll) {
        target.currentTime = stepTarget(grid, position(grid), 0);
      }
    }, ALIGN_MS);
  }

  /** While something plays, the picture is a little before or behind the clock. */
  function position({ duration }) {
    const { currentTime } = video();
    const played = onScreen !== null && Math.abs(onScreen - currentTime) < 2 * duration;
    return played ? onScreen + duration / 2 : currentTime;
  }

  function forget({ target }) {
    if (target === watched || target === video()) {
      endRun();
      measured = null;
    }
  }

  /** The rate of the replay on screen, asked for once. */
  function rateOf(shown) {
    if (!rates.has(shown.url)) {
      rates.set(shown.url, readRate(shown));
    }
    return rates.get(shown.url);
  }

  // Not every browser says "playing" again after a seek.
  ["playing", "seeked"].forEach((name) => stage.addEventListener(name, beginRun, true));
  stage.addEventListener("seeked", learn, true);
  stage.addEventListener("pause", align, true);
  stage.addEventListener("seeking", endRun, true);
  stage.addEventListener("emptied", forget, true);

  return {
    async grid() {
      const rate = replay() ? await rateOf(replay()) : null;
      const media = video();
      const known = measure();
      const part = partStart(replay(), media.currentTime);
      if (known && known.part === part) {
        return { ...known, steady: known.steady && isFull(known, rate) };
      }
      const frame = knownFrame(media, part, media.currentTime);
      return gridByRate(known ? 1 / known.duration : rate, frame);
    },
    position,
  };
}
