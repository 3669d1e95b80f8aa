// Plays a playlist with hls.js: growing, closed, or that of a finished replay.
//
// hls.js says nothing when a playlist stops changing and gives up after an error that it calls fatal. Here it
// never gives up: the network is tried again with back-off, media errors are recovered, a gap is skipped. A replay
// has another door, so its playlist is given up when it is refused.

import { isBuffered, rangesOf } from "./buffered.js";
import { fragmentPosition, fragmentSpans, fragmentWall, replayPosition, replaySpans, replayWall } from "./clock.js";
import { isTooNear, liveDistance, segmentLength } from "./latency.js";
import { keepLoadOrder } from "./load-order.js";
import { playlistLoader } from "./playlist-loader.js";
import { backOff, isFinal } from "./poll.js";
import Hls from "./vendor/hls.js";

const CATCH_UP_RATE = 1.1;
const FALL_BACK_RATE = 0.9;
const WATCH_MS = 2000;
// A playlist that has not grown for this many of its segments, and for this long, is asked for anew.
const STALE_SEGMENTS = 5;
const STALE_MS = 10000;
// One that has grown within so many of its segments is up to date.
const FRESH_SEGMENTS = 3;
// HTMLMediaElement.HAVE_CURRENT_DATA
const HAS_PICTURE = 2;
const LEAST_SEEK_S = 0.01;
const AFTER_GAP_S = 0.05;
const LAST_FRAME_S = 0.05;
const RECOVERIES = 3;
const RECOVERY_WINDOW_MS = 30000;

export function canPlayHls() {
  return Hls.isSupported();
}

function absolute(url) {
  return new URL(url, window.location.href).href;
}

function addressOf({ url, replay }) {
  return absolute(replay ? replay.playlist : url);
}

/**
 * Attaches a playlist to the video element. `wall` is the wall-clock time to begin at in ms; null begins at the
 * live edge, or at the start of a closed playlist, Infinity at the end. Calls onTrouble(true | false) when it stops
 * and begins to load, and onBroken() when only a new source can help. `catchUp`: whether it may play a little quicker
 * or slower to keep its distance to the live edge.
 */
export function openHls(video, { target, wall, onTrouble, onBroken, catchUp = true }) {
  let current = target;
  let details = null;
  let lastSegment = -1;
  let foreign = false;
  let shownWall = target.replay ? wall : null;
  let toEnd = wall === Infinity;
  let grewAt = performance.now();
  let failures = 0;
  let retry = 0;
  let recoveries = [];
  let growing = true;
  let stuckAt = null;
  let stalledAt = -Infinity;
  let mayPace = catchUp;
  let slower = false;
  let gap = null;
  let aimed = false;
  // Where the picture of each segment that has been loaded begins, in s, by its sn.
  const pictures = new Map();
  // What spans() answers, until the playlist or what is known of its clock changes.
  let parts = null;

  const hls = new Hls({
    autoStartLoad: false,
    backBufferLength: 60,
    enableWorker: true,
    liveDurationInfinity: true,
    // What stalls do to the distance is decided here, not there.
    liveSyncOnStallIncrease: 0,
    maxLiveSyncPlaybackRate: catchUp ? CATCH_UP_RATE : 1,
    // hls.js keeps one address; the session's end gives the same segments another one, and the picture goes on.
    pLoader: playlistLoader(Hls.DefaultConfig.loader, { address: () => addressOf(current), details: () => details }),
    workerPath: "/assets/vendor/hls.worker.js",
  });

  function distance() {
    return liveDistance(segmentLength(details.fragments), performance.now() - stalledAt);
  }

  function keepDistance() {
    if (details && details.live && details.fragments.length > 0) {
      hls.targetLatency = distance();
    }
  }

  function allowCatchingUp() {
    hls.config.maxLiveSyncPlaybackRate = mayPace && !slower ? CATCH_UP_RATE : 1;
  }

  /** hls.js only ever plays quicker: after a stall it would take further ones until the distance is the greater one. */
  function fallBack() {
    const paced = mayPace && details !== null && details.live;
    const now = { latency: hls.latency, target: hls.targetLatency, sinceStall: performance.now() - stalledAt };
    const due = paced && isTooNear(now, slower);
    if (due !== slower) {
      slower = due;
      video.playbackRate = slower ? FALL_BACK_RATE : 1;
      allowCatchingUp();
    }
  }

  function startPosition({ fragments, totalduration }) {
    if (wall === Infinity) {
      return totalduration;
    }
    if (current.replay) {
      return wall === null ? 0 : replayPosition(current.replay, wall) || 0;
    }
    if (wall !== null) {
      const position = fragmentPosition(fragments, wall + current.offsetMs, pictures);
      const edge = fragments[0].start + totalduration - distance();
      return current.kind === "hls" && position > edge ? -1 : position;
    }
    return current.kind === "dvr" ? 0 : -1;
  }

  /** The address of a growing playlist is used again by the next session, whose segments count anew. */
  function isAnotherSession(next) {
    const last = details.fragments[details.fragments.length - 1];
    const same = next.fragments.find(({ sn }) => sn === last.sn);
    return next.endSN < details.endSN || (same !== undefined && same.relurl !== last.relurl);
  }

  function loaded(_event, data) {
    const first = details === null;
    parts = null;
    if (!first && isAnotherSession(data.details)) {
      foreign = true;
      hls.stopLoad();
      onTrouble(true);
      return;
    }
    details = data.details;
    if (details.endSN !== lastSegment || !details.live) {
      lastSegment = details.endSN;
      grewAt = performance.now();
    }
    keepDistance();
    if (first) {
      hls.startLoad(startPosition(details));
    }
  }

  function cancelRetry() {
    clearTimeout(retry);
    retry = 0;
  }

  /** Only with its first segment it is known how far the picture is from where the playlist puts it. */
  function aim() {
    if (aimed) {
      return;
    }
    const place = wall === null || wall === Infinity || current.replay ? -1 : startPosition(details);
    const near = Math.abs(place - video.currentTime) < details.targetduration;
    aimed = place < 0 || near;
    if (place >= 0 && near) {
      video.currentTime = place;
    }
  }

  function settled() {
    failures = 0;
    parts = null;
    aim();
    gap = null;
    cancelRetry();
    onTrouble(false);
  }

  function load() {
    cancelRetry();
    if (details) {
      hls.startLoad(-1);
    } else {
      hls.loadSource(addressOf(current));
    }
  }

  function recover() {
    const now = performance.now();
    recoveries = recoveries.filter((at) => now - at < RECOVERY_WINDOW_MS).concat(now);
    if (recoveries.length > RECOVERIES) {
      onBroken();
    } else {
      // Taking the source away and giving it back pauses the element.
      const playing = !video.paused;
      hls.recoverMediaError();
      if (playing) {
        video.play().catch(() => {});
      }
    }
  }

  /** What is buffered is played first; then a segment that is gone is passed over. */
  function passGap() {
    if (gap !== null && !isBuffered(rangesOf(video), video.currentTime)) {
      video.currentTime = Math.max(video.currentTime, gap) + AFTER_GAP_S;
      gap = null;
      load();
    }
  }

  function failed(_event, data) {
    if (data.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR && details && details.live) {
      stalledAt = performance.now();
      keepDistance();
    }
    if (data.frag && data.response && data.response.code === 404 && details) {
      gap = data.frag.start + data.frag.duration;
      onTrouble(true);
    }
    if (!data.fatal) {
      return;
    }
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) {
      recover();
      return;
    }
    if (data.type !== Hls.ErrorTypes.NETWORK_ERROR || (current.replay && isFinal(data))) {
      onBroken();
      return;
    }
    failures += 1;
    onTrouble(true);
    cancelRetry();
    retry = setTimeout(load, backOff(failures));
    passGap();
  }

  function parsed(_event, { type, frag, start }) {
    if (type === "video") {
      pictures.set(frag.sn, start);
      parts = null;
    }
  }

  /** WebKitGTK may lose a seek that comes while it is still starting up: asked for again, it is done. */
  function repeatLostSeek() {
    const at = video.seeking && isBuffered(rangesOf(video), video.currentTime) ? video.currentTime : null;
    if (at !== null && at === stuckAt) {
      video.currentTime = at + LEAST_SEEK_S;
    }
    stuckAt = at;
  }

  const watchdog = setInterval(() => {
    repeatLostSeek();
    passGap();
    if (!details || !details.live || !growing || retry) {
      return;
    }
    if (performance.now() - grewAt > Math.max(STALE_MS, STALE_SEGMENTS * details.targetduration * 1000)) {
      grewAt = performance.now();
      hls.stopLoad();
      hls.startLoad(-1);
    }
  }, WATCH_MS);

  function end() {
    video.currentTime = video.duration;
  }

  /** Whoever is to begin at the end sees the last frame. Chromium shows none after a seek to the very end. */
  function buffered() {
    if (toEnd) {
      toEnd = false;
      video.addEventListener("seeked", end, { once: true });
      video.currentTime = video.duration - LAST_FRAME_S;
    }
  }

  function wallOf(position) {
    if (current.replay) {
      return replayWall(current.replay, position);
    }
    const named = details && !foreign ? fragmentWall(details.fragments, position, pictures) : null;
    return named === null ? null : named - current.offsetMs;
  }

  function moved() {
    if (current.replay) {
      // Until there is a picture, the place that was asked for counts.
      shownWall = video.readyState >= HAS_PICTURE ? wallOf(video.currentTime) : shownWall;
    } else if (details && !foreign) {
      shownWall = wallOf(video.currentTime);
    }
  }

  function spans() {
    if (current.replay) {
      return replaySpans(current.replay);
    }
    if (!parts) {
      const found = details && !foreign ? fragmentSpans(details.fragments, pictures) : [];
      parts = found.map((span) => span.map((time) => time - current.offsetMs));
    }
    return parts;
  }

  video.addEventListener("timeupdate", moved);
  video.addEventListener("timeupdate", fallBack);
  hls.on(Hls.Events.LEVEL_LOADED, loaded);
  hls.on(Hls.Events.LEVEL_PTS_UPDATED, parsed);
  hls.on(Hls.Events.FRAG_BUFFERED, settled);
  hls.on(Hls.Events.BUFFER_EOS, buffered);
  hls.on(Hls.Events.ERROR, failed);
  // A replay’s segments say exactly how long they are.
  const order = keepLoadOrder(hls, video, () => (details && !current.replay ? details.fragments : []));
  hls.attachMedia(video);
  hls.loadSource(addressOf(current));

  return {
    get target() {
      return current;
    },
    /** The wall clock of what is on screen, in ms, or null. */
    wall() {
      moved();
      return shownWall;
    },
    /** The wall clock of a position in s, in ms, or null. */
    wallOf,
    /** The times [from, to], in ms of wall clock, of which there are pictures. */
    spans,
    /** Where a wall clock, in ms, is, in s, or null. */
    position(at) {
      if (current.replay) {
        return replayPosition(current.replay, at);
      }
      return details && !foreign ? fragmentPosition(details.fragments, at + current.offsetMs, pictures) : null;
    },
    /** Whether what is needed next is not there any more. */
    isGone: () => gap !== null,
    /** The position, in s, that counts as live, or null. */
    edge: () => (details && details.live ? hls.liveSyncPosition : null),
    /** Whether the playlist has grown lately, as that of a live stream does. */
    isFresh: () => details !== null && performance.now() - grewAt < FRESH_SEGMENTS * details.targetduration * 1000,
    /** Continues with another address of the same segments, from the next time that the playlist is asked for. */
    follow(next) {
      current = next;
      if (failures > 0) {
        load();
      }
    },
    /** Says whether the state document claims that data arrives. */
    expectGrowth(expected) {
      growing = expected;
    },
    /** The distance to the live edge is kept only while the viewer has not chosen a speed. */
    setSpeed(rate) {
      mayPace = catchUp && rate === 1;
      slower = false;
      allowCatchingUp();
    },
    /** Tries again at once, if it is waiting to, or `anyway`. */
    retryNow({ anyway = false } = {}) {
      if (failures > 0 || anyway) {
        load();
      }
    },
    close() {
      clearInterval(watchdog);
      cancelRetry();
      video.removeEventListener("timeupdate", moved);
      video.removeEventListener("timeupdate", fallBack);
      video.playbackRate = slower ? 1 : video.playbackRate;
      order.close();
      video.removeEventListener("seeked", end);
      hls.destroy();
    },
  };
}
