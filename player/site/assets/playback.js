// What plays: opens sources in the videos of the stage, tries again what failed, changes over without a seam.

import { doorOf } from "./choice.js";
import { mayHandOver } from "./handover.js";
import { canPlayHls, openHls } from "./hls-source.js";
import { openMp4 } from "./mp4-source.js";
import { showPictures } from "./pictures.js";
import { changeOver } from "./seam.js";
import { begin } from "./sound.js";

const REOPEN_MS = 2000;
// Sooner than the viewer can pause, in ms.
const REFUSAL_MS = 100;
// What is not in step after this long, in ms, is tried again after the next while, or opened with a seam if it must be.
const SEAM_MS = 15000;
const SEAM_AGAIN_MS = 30000;

/** Whether the browser shows the video in a place of its own, as phones do in full screen. */
function isInWindow(video) {
  return Boolean(video.webkitDisplayingFullscreen);
}

/**
 * The playback of one page. `stage`: the videos; `onChange()` is called when what plays has changed, `onTrouble()` when
 * it stops or begins again to load, `onMuted()` when the browser plays it only without sound; `resume(target)` is the
 * wall clock at which the viewer left a target, in ms, or null. `catchUp`: whether live may play a little quicker.
 */
export function createPlayback(stage, { onChange, onTrouble, onMuted, resume, catchUp = true }) {
  let source = null;
  let door = "none";
  let troubleSince = null;
  let speed = 1;
  let seam = null;
  let replacement = null;
  // Replays whose playlist did not play, by the address of the file.
  const failedPlaylists = new Set();

  function trouble(of, found) {
    if (of !== source) {
      return;
    }
    if (found === (troubleSince === null)) {
      troubleSince = found ? performance.now() : null;
      onTrouble();
    }
  }

  function broken(of) {
    if (seam && seam.source === of) {
      markFailed(of.target);
      seam.cancel();
      seam = null;
      handOverIfDue();
    } else if (of !== source) {
      return;
    } else if (of.target.kind === "mp4") {
      // The same replay by its other door, at once and at the same place.
      markFailed(of.target);
      reopen(of.target);
    } else {
      trouble(of, true);
      setTimeout(() => source === of && reopen(of.target), REOPEN_MS);
    }
  }

  function markFailed({ kind, url }) {
    if (kind === "mp4") {
      failedPlaylists.add(url);
    }
  }

  function doorTo(target) {
    return doorOf(target, { canPlayHls: canPlayHls(), failed: failedPlaylists.has(target.url) });
  }

  function openIn(video, target, { wall, play }) {
    const openSource = doorTo(target) === "file" ? openMp4 : openHls;
    const made = openSource(video, {
      target,
      wall,
      play,
      catchUp,
      onTrouble: (found) => trouble(made, found),
      onBroken: () => broken(made),
    });
    made.setSpeed(speed);
    showPictures(video, target, { fresh: wall === null });
    return made;
  }

  /** Changes to another source, or to none; `wall` is the wall clock to begin at in ms, null for the usual place. */
  function open(target, { wall = null, play = true } = {}) {
    cancelSeam();
    replacement = null;
    if (source) {
      source.close();
    }
    source = null;
    troubleSince = null;
    if (target) {
      door = doorTo(target);
      source = openIn(stage.video, target, { wall: wall === null ? resume(target) : wall, play });
      if (play) {
        begin(stage.video, onMuted);
      }
    }
    onChange();
  }

  /** Opens a source at the moment of the match that is on screen now, playing or paused as now. */
  function reopen(target) {
    const { video } = stage;
    if (!source) {
      open(target);
    } else if (video.ended) {
      open(target, { wall: Infinity, play: false });
    } else {
      open(target, { wall: source.wall(), play: !video.paused });
    }
  }

  function cancelSeam() {
    if (seam) {
      seam.cancel();
      seam = null;
    }
  }

  function raised(next, target, playing) {
    seam = null;
    replacement = null;
    source = next;
    door = doorTo(target);
    troubleSince = null;
    source.setSpeed(speed);
    onChange();
    // A browser may stop a video that gets its sound without a click of the viewer's.
    setTimeout(() => playing && source === next && stage.video.paused && begin(stage.video, onMuted), REFUSAL_MS);
  }

  /** Opens a source at the moment that is on screen without a seam: with one only when that fails and must be. */
  function handOver({ target, urgent }) {
    if (source.wall() === null) {
      reopen(target);
      return;
    }
    seam = changeOver({
      stage,
      from: () => source,
      openIn: (video, wall) => openIn(video, target, { wall, play: false }),
      onRaised: (next, playing) => raised(next, target, playing),
      onFailed() {
        seam = null;
        if (urgent || troubleSince !== null) {
          reopen(target);
        } else if (replacement) {
          replacement.notBefore = performance.now() + SEAM_AGAIN_MS;
        }
      },
      limit: SEAM_MS,
    });
  }

  /** Changes over to what is to replace the source on screen, if this is the time for it. */
  function handOverIfDue({ sought = false } = {}) {
    if (!replacement || seam || performance.now() < replacement.notBefore) {
      return;
    }
    const { video } = stage;
    const due = mayHandOver({
      waited: performance.now() - replacement.since,
      still: video.paused || video.ended,
      sought,
      hidden: document.hidden,
      failing: replacement.urgent || troubleSince !== null || source.isGone(),
      inWindow: isInWindow(video),
    });
    if (due) {
      handOver(replacement);
    }
  }

  stage.on("pause", () => handOverIfDue());
  stage.on("ended", () => handOverIfDue());
  stage.on("seeking", () => handOverIfDue({ sought: true }));
  document.addEventListener("visibilitychange", () => handOverIfDue());

  return {
    get source() {
      return source;
    },
    get kind() {
      return source ? source.target.kind : "none";
    },
    get door() {
      return source ? door : "none";
    },
    get speed() {
      return speed;
    },
    /** For how long the source has not loaded, in ms; 0 when it does. */
    get troubleFor() {
      return troubleSince === null ? 0 : performance.now() - troubleSince;
    },
    get failing() {
      return troubleSince !== null;
    },
    open,
    reopen,
    /** Lets a target take over at the next good moment, or, if `urgent`, at once; null takes that back. */
    replaceBy(target, { urgent = false } = {}) {
      if (!target) {
        replacement = null;
        cancelSeam();
      } else if (!replacement || replacement.target.url !== target.url) {
        cancelSeam();
        const since = replacement ? replacement.since : performance.now();
        replacement = { target, urgent, since, notBefore: 0 };
      }
      handOverIfDue();
    },
    /** How far behind the live edge the picture is, in s, or null when there is none. */
    behindLive() {
      const edge = source ? source.edge() : null;
      return edge === null ? null : Math.max(0, edge - stage.video.currentTime);
    },
    chooseSpeed(rate) {
      speed = rate;
      // What the next source begins with.
      stage.video.defaultPlaybackRate = rate;
      if (source) {
        source.setSpeed(rate);
      }
    },
  };
}
