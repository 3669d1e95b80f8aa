// One of the views: its stream's state, what plays of it, and how it keeps in step. Times on the clock that all views
// share are in ms, and include this view's alignment; positions are in s of what plays.

import { beyondHole, isBuffered, rangesOf } from "./buffered.js";
import { step } from "./choice.js";
import { replaySpans } from "./clock.js";
import { watchFrames } from "./frame-watch.js";
import { createPlayback } from "./playback.js";
import { stateDelay, watchDocument } from "./poll.js";
import { createStage } from "./stage.js";
import { makeTile } from "./views-dom.js";
import { nextMove, restMove } from "./views-follow.js";
import { covers } from "./views-rows.js";
import { itemAt, itemsOf, within } from "./views-sitting.js";

// HTMLMediaElement.HAVE_CURRENT_DATA and HAVE_FUTURE_DATA
const HAS_PICTURE = 2;
const HAS_MORE = 3;
// A distance is the mean of so many looks.
const SAMPLES = 4;
// How long a seek takes at first, at least and at most, in s: measured from then on.
const LEADS = { first: 0.5, least: 0.2, most: 3 };
// What is live may come so much later than the others, in ms, and still comes.
const LATE_MS = 4000;
// What has ended has ended, though so much, in ms, is left of it by the clock.
const LAST_MS = 1500;
// What comes this much later, in ms, comes after a gap, and before it there is a last frame.
const GAP_MS = 300;
const LAST_FRAME_MS = 40;
// A live picture is not sought nearer to its end than this, in s.
const EDGE_S = 0.15;
// A view that is so far off, in ms, for so long, in ms, is shown to be.
const OFF_MS = 300;
const OFF_FOR_MS = 600;

/**
 * The view number `number` of the stream `id`. `moved(target)` is the alignment of a target in ms, `older()` the
 * stream's replays that its state does not list; onChange() is called when what it shows or could show has changed,
 * onReady() when it has something to show, onMuted() when the browser refuses it its sound.
 */
export function createView(id, number, { moved, older, onChange, onReady, onMuted }) {
  const tile = makeTile(id, number);
  const stage = createStage(tile.picture);
  let state = null;
  let problem = null;
  let range = null;
  let poll = { now() {} };
  let samples = [];
  let lead = LEADS.first;
  let soughtAt = null;
  let offSince = null;
  let starting = false;
  let played = false;
  // The live edge when the playlist grew last, and when that was.
  let grown = { end: null, edge: null, when: 0 };

  const playback = createPlayback(stage, {
    catchUp: false,
    resume: () => null,
    onChange,
    onMuted,
    onTrouble: () => poll.now(),
  });
  const frames = watchFrames(tile.picture, { video: () => stage.video, replay });

  function replay() {
    return playback.source && playback.source.target.replay;
  }

  const by = () => (playback.source ? moved(playback.source.target) : 0);
  const items = () => (state ? within(itemsOf(state, { older: older(), moved }), range) : []);
  const isLive = () => playback.kind === "hls" && state !== null && state.state === "live";

  /** The time of what is on screen, or null. */
  function now() {
    const wall = playback.source && stage.video.readyState > 0 ? playback.source.wallOf(stage.video.currentTime) : null;
    return wall === null ? null : wall + by();
  }

  /** Where a time is, in s, no nearer to the end of what is live than can be sought; null where there is nothing. */
  function place(time) {
    const found = playback.source ? playback.source.position(time - by()) : null;
    const { seekable } = stage.video;
    if (found === null) {
      return null;
    }
    const growing = playback.kind === "hls" && seekable.length > 0;
    const last = growing ? seekable.end(seekable.length - 1) - EDGE_S : Infinity;
    return beyondHole(rangesOf(stage.video), Math.min(found, last));
  }

  /** What stands before a hole, without a picture, is put behind it. */
  function passHole() {
    const { currentTime, paused, readyState } = stage.video;
    const to = beyondHole(rangesOf(stage.video), currentTime);
    if (paused && readyState > 0 && readyState < HAS_PICTURE && to !== currentTime) {
      seek(to);
    }
  }

  function ownSpans() {
    return playback.source ? playback.source.spans().map((span) => span.map((time) => time + by())) : [];
  }

  /** The times [from, to] of one of the stream's recordings, as exactly as they are known now. */
  function spansOf({ target, from, to }) {
    const { source } = playback;
    const opened = source && source.target.url === target.url ? ownSpans() : [];
    if (opened.length > 0) {
      return opened;
    }
    const known = target.replay ? replaySpans(target.replay) : [];
    return known.length > 0
      ? known.map((span) => span.map((time) => time + moved(target)))
      : [[from, Math.min(to, Date.now() + moved(target))]];
  }

  /** Whether this view has, or is about to have, a picture of a time. */
  function isDue(time) {
    const spans = ownSpans();
    const last = spans[spans.length - 1];
    // A video may end a little before what is said of its length.
    if (stage.video.ended && last && time > last[1] - LAST_MS) {
      return false;
    }
    return covers(spans, time, 100) || Boolean(last && isLive() && time >= last[0] && time < last[1] + LATE_MS);
  }

  function forget() {
    samples = [];
  }

  function seek(to) {
    forget();
    played = false;
    soughtAt = performance.now();
    stage.video.currentTime = to;
  }

  function sought() {
    if (soughtAt !== null && stage.video.readyState >= HAS_PICTURE) {
      const took = (performance.now() - soughtAt) / 1000;
      lead = Math.max(LEADS.least, Math.min(LEADS.most, (lead + took * 1.5) / 2));
      soughtAt = null;
    }
  }

  function setRate(rate) {
    if (stage.video.playbackRate !== rate) {
      stage.video.playbackRate = rate;
      forget();
    }
  }

  function pause() {
    if (!stage.video.paused) {
      stage.video.pause();
      forget();
    }
  }

  /** Starts the picture; a browser may answer that only later. */
  async function play() {
    if (!starting) {
      starting = true;
      forget();
      await stage.video.play().catch((error) => error.name === "NotAllowedError" && refused());
      starting = false;
    }
  }

  function refused() {
    stage.video.muted = true;
    onMuted();
  }

  function isBusy(least) {
    return stage.video.seeking || stage.video.readyState < least || playback.failing;
  }

  function follow(time, rate, heard) {
    const wanted = place(time);
    const { currentTime, paused } = stage.video;
    samples = samples.concat(currentTime - wanted).slice(-SAMPLES);
    const move = nextMove(
      { position: wanted, rate },
      {
        position: currentTime,
        paused,
        busy: isBusy(HAS_MORE),
        error: samples.reduce((sum, one) => sum + one, 0) / samples.length,
        settled: samples.length >= SAMPLES,
        near: isBuffered(rangesOf(stage.video), wanted + lead * rate),
        lead,
      },
      { heard },
    );
    act(move, rate);
  }

  function act({ do: what, to }, rate) {
    if (what === "seek") {
      pause();
      setRate(rate);
      seek(to);
    } else if (what === "pause") {
      pause();
    } else if (what === "play") {
      setRate(rate);
      play();
    } else if (what === "rate") {
      setRate(to);
    }
  }

  function open(target, time) {
    forget();
    playback.open(target, { wall: time === null ? null : time - moved(target), play: false });
  }

  function onState(document) {
    const loggedIn = problem === "login";
    state = document;
    problem = null;
    const { source } = playback;
    if (source) {
      const next = step(source.target, state, { failing: playback.failing, wall: source.wall() });
      if (next.open !== undefined) {
        // Another session has its address now: what is wanted of this view is found again.
        playback.open(null);
      } else if (next.follow) {
        source.follow(next.follow);
      }
      playback.replaceBy(next.replace || null, { urgent: source.target.kind === "hls" });
    }
    if (playback.source) {
      playback.source.expectGrowth(state.state === "live");
      if (loggedIn) {
        playback.source.retryNow();
      }
    }
    onChange();
  }

  ["seeked", "canplay", "playing", "loadeddata"].forEach((name) => {
    stage.on(name, () => {
      sought();
      onReady();
    });
  });
  stage.on("pause", forget);
  stage.on("play", () => {
    played = true;
  });

  poll = watchDocument(`/streams/${id}.json`, {
    delay: (document) => stateDelay(document.state, window.document.hidden),
    onDocument: onState,
    onProblem(found) {
      problem = found;
      onChange();
    },
  });

  return {
    id,
    number,
    tile,
    frames,
    playback,
    get video() {
      return stage.video;
    },
    get state() {
      return state;
    },
    get problem() {
      return problem;
    },
    get title() {
      return (state && state.title) || id;
    },
    get range() {
      return range;
    },
    /** What is watched: recordings that overlap this time {from, to}. */
    set range(wanted) {
      range = wanted;
    },
    replay,
    now,
    place,
    isDue,
    isLive,
    pause,
    play,
    setRate,
    follow,
    /** What the stream's documents say of all that is watched: replays, and what is live. */
    sessions: () => items().map(({ target }) => target.replay || state.live),
    /** All recordings of the stream, whether they are watched or not. */
    everything: () => (state ? itemsOf(state, { older: older(), moved }) : []),
    /** The wall clock of its own pictures at a time, and back. */
    own: (time) => time - by(),
    common: (wall) => wall + by(),
    /** The time of a position in s. */
    timeOf: (position) => playback.source.wallOf(position) + by(),
    /** The times [from, to] of which the stream has pictures, in all that is watched. */
    spans: () => [].concat(...items().map(spansOf)),
    /** Whether there is a picture that can go on. */
    isFit(time) {
      return isDue(time) && !stage.video.ended && !isBusy(HAS_MORE);
    },
    isBusy: () => isBusy(HAS_MORE),
    /** Whether there is a time without pictures between two others. */
    hasGap: (from, to) => to > from && ownSpans().some((span) => span[1] >= from && span[1] < to),
    /** Whether nothing is known yet of what it could show. */
    isOpening: () => !playback.source || playback.source.spans().length === 0,
    /** Whether the stream is live and its newest pictures are here. */
    isFresh: () => isLive() && playback.source.isFresh(),
    /** The time of the live edge, or null; it stands still while the signal is interrupted. */
    edge() {
      const edge = playback.kind === "hls" ? playback.source.edge() : null;
      const wall = edge === null ? null : playback.source.wallOf(edge);
      if (wall === null) {
        return null;
      }
      const [, end] = playback.source.spans().slice(-1)[0] || [];
      if (grown.end !== end) {
        grown = { end, edge: wall, when: performance.now() };
      }
      // It goes on between two looks at the playlist.
      const since = playback.source.isFresh() ? performance.now() - grown.when : 0;
      return grown.edge + since + by();
    },
    /** Opens what shows a time, if that is not open; null is what is live, or the first there is. */
    look(time) {
      const { source } = playback;
      if (source) {
        passHole();
      }
      if (source && (time === null || isDue(time))) {
        return;
      }
      const all = items();
      const live = all.find(({ target }) => target.kind === "hls");
      const found = time === null ? live || null : itemAt(all, time, source && source.target);
      const holds = found && (time === null || (time >= found.from - 1000 && time < found.to));
      if (holds && !(source && source.target.url === found.target.url)) {
        open(found.target, time);
      }
    },
    /** Stands still at a time; `exact`: for good, so that the picture has to be that of the time. */
    rest(time, { exact = false } = {}) {
      const wanted = isDue(time) ? place(time) : null;
      if (wanted === null) {
        pause();
        return;
      }
      const { currentTime: position, paused } = stage.video;
      const busy = isBusy(HAS_PICTURE);
      act(restMove(wanted, { position, paused, busy, played: exact && played }), stage.video.playbackRate);
    },
    /** Goes to a time and waits there. */
    jump(time) {
      pause();
      const wanted = isDue(time) ? place(time) : null;
      if (wanted !== null) {
        seek(wanted);
      }
    },
    seek,
    /** Shows nothing more: no frame of what comes after the gap that a time is in. */
    leave(time) {
      pause();
      const at = now();
      const span = ownSpans().find(([, to]) => to <= time && at !== null && at > to + GAP_MS);
      if (span && !stage.video.seeking) {
        seek(place(span[1] - LAST_FRAME_MS));
      }
    },
    /** Whether the pictures of a time may still come: the stream is live, and they are not here yet. */
    isAwaited(time) {
      const spans = ownSpans();
      return isLive() && (spans.length === 0 || time >= spans[spans.length - 1][1]);
    },
    /** Gives back what it takes to play, and has nothing to show. */
    sleep() {
      if (playback.source) {
        playback.open(null);
      }
    },
    /** Whether it is to be shown that this view is not where it should be at a time. */
    isOff(time, playing) {
      const at = now();
      const off = at === null || isBusy(HAS_PICTURE) || (playing && Math.abs(at - time) > OFF_MS);
      offSince = off ? offSince || performance.now() : null;
      return offSince !== null && performance.now() - offSince > OFF_FOR_MS;
    },
    retry: (how) => playback.source && playback.source.retryNow(how),
    poll: () => poll.now(),
  };
}
