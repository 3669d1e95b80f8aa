// The views in step: one clock for all of them, which the view that is heard gives. Times in ms on that clock.

import { stepTarget } from "./frames.js";
import { wantsLive } from "./live-edge.js";
import { isOver, NO_LOOP } from "./loop.js";
import { chooseLeader } from "./views-leader.js";
import { nextStart } from "./views-rows.js";

const TICK_MS = 100;
// The edges of all live views are waited for so long at first, in ms.
const JOIN_MS = 5000;
// Once one is ready to go on, the others are waited for so long, in ms, so that they begin together.
const TOGETHER_MS = 1000;
// Live views that are further behind the others than this, in ms, are not waited for.
const STRAGGLER_MS = 12000;
// Who wants to be live is taken there when this far off it, in ms, for some time, though not again and again.
const TOO_LATE_MS = 4000;
const TOO_EARLY_MS = 400;
const OFF_MS = 3000;
const AGAIN_MS = 20000;

/**
 * Keeps `views()` in step, of `all()` that there are; `heard()` and `focused()` are the ids of the one with the sound
 * and of the one that keys and scrubbing are for. Calls onChange() when something else than the time has changed.
 */
export function createGroup({ all, views, heard, focused, onChange }) {
  let wall = null;
  let playing = true;
  let rate = 1;
  let leader = null;
  let heldSince = performance.now();
  let joinSince = null;
  let scrubbing = false;
  let separate = false;
  // The views that have gone their own way since.
  let strayed = new Set();
  let wanted = false;
  let wentAt = -Infinity;
  let offSince = null;
  let loop = NO_LOOP;
  let ended = false;

  const byId = (id) => views().find((view) => view.id === id);
  const others = (view) => views().filter((one) => one !== view);

  function hold() {
    leader = null;
    heldSince = performance.now();
  }

  /** The time that counts as live: the earliest edge, so that all have it; null where nothing is live. */
  function liveTime() {
    const live = views().filter((view) => view.isFresh());
    const edges = live.map((view) => view.edge()).filter((edge) => edge !== null);
    const newest = Math.max(...edges);
    return edges.length > 0 ? Math.min(...edges.filter((edge) => newest - edge < STRAGGLER_MS)) : null;
  }

  const spansOf = (some) => [].concat(...some.map((view) => view.spans()));

  /** What can be sought {from, to}, or null. */
  function range() {
    const spans = spansOf(all());
    if (spans.length === 0) {
      return null;
    }
    const live = liveTime();
    const to = Math.max(...spans.map((span) => span[1]));
    const from = Math.min(...spans.map((span) => span[0]));
    return { from, to: live === null ? to : Math.max(live, from + 1000) };
  }

  /** Where live views begin, as soon as the edges of all are known. */
  function join() {
    joinSince = joinSince || performance.now();
    const growing = views().filter((view) => view.playback.kind === "hls");
    const edges = growing.map((view) => view.edge()).filter((edge) => edge !== null);
    const patient = performance.now() - joinSince < JOIN_MS;
    if (edges.length > 0 && (edges.length === growing.length || !patient)) {
      const live = liveTime();
      wanted = live !== null;
      go(live === null ? Math.min(...edges) : live);
    }
  }

  function go(time) {
    const { from, to } = range() || { from: time, to: time };
    const live = liveTime();
    wall = Math.max(from, Math.min(time, live === null ? to - 50 : live));
    ended = false;
    hold();
    views().forEach((view) => view.jump(wall));
    onChange();
  }

  /** The focused view, which goes its own way from now on. */
  function stray() {
    strayed.add(focused());
    return byId(focused());
  }

  function seek(time) {
    if (separate) {
      stray().jump(time);
      return;
    }
    wanted = wanted && wall !== null && time > wall;
    go(time);
  }

  function goLive() {
    const live = liveTime();
    if (live !== null) {
      wanted = true;
      wentAt = performance.now();
      setRate(1);
      playing = true;
      go(live);
    }
  }

  function setRate(chosen) {
    rate = chosen;
    const view = byId(leader);
    if (view) {
      view.setRate(rate);
    }
    onChange();
  }

  /** Lets the clock stand in the middle of a view's frame: at its edge two browsers show two frames. */
  async function centre(view) {
    const at = wall;
    const grid = await view.frames.grid();
    if (!playing && wall === at && grid.steady) {
      wall = view.timeOf(stepTarget(grid, view.frames.position(grid), 0));
    }
  }

  /** Stops where the leader is. */
  function pause() {
    if (separate) {
      byId(focused()).pause();
      return;
    }
    const view = byId(leader);
    const at = view ? view.now() : null;
    wall = at === null ? wall : at;
    playing = false;
    hold();
    views().forEach((one) => one.pause());
    if (at !== null) {
      centre(view);
    }
    onChange();
  }

  function play() {
    if (separate) {
      stray().play();
      return;
    }
    playing = true;
    hold();
    if (ended) {
      go(range().from);
    }
    tick();
    onChange();
  }

  /** The clock runs with the leader, and the others follow. */
  function lead(view) {
    if (view.video.paused) {
      const waiting = others(view).some((one) => one.isDue(wall) && one.isBusy() && !one.playback.failing);
      if (waiting && performance.now() - heldSince < TOGETHER_MS) {
        return;
      }
      view.play();
    }
    view.setRate(rate);
    const at = view.now();
    wall = at === null ? wall : at;
    others(view).forEach((one) => followOrRest(one));
  }

  function followOrRest(view) {
    if (view.isDue(wall)) {
      view.follow(wall, rate, view.id === heard());
    } else {
      view.leave(wall);
    }
  }

  /** Nobody can go on: the clock waits for who is about to, or goes to where there are pictures again. */
  function wait() {
    views().forEach((view) => view.rest(wall));
    const opening = views().some((view) => view.isOpening()) && performance.now() - heldSince < JOIN_MS;
    const spans = spansOf(views());
    const next = nextStart(spans, wall);
    if (opening || views().some((view) => view.isDue(wall))) {
      return;
    }
    if (next !== null) {
      go(next + 1);
    } else if (spans.length > 0 && !views().some((view) => view.playback.kind === "hls")) {
      ended = true;
      pause();
    }
  }

  /** How each view stands. Who leads and has come to a gap of its own leads on only where nobody else has pictures. */
  function standing() {
    const found = views().map((view) => {
      const at = view.now();
      return { id: view.id, fit: view.isFit(wall), due: view.isDue(wall), off: at === null ? Infinity : at - wall };
    });
    const lost = found.find(({ id, off }) => id === leader && byId(id).hasGap(wall, wall + off));
    if (lost && found.some((one) => one !== lost && one.fit)) {
      lost.fit = false;
    }
    return found;
  }

  function run() {
    const now = performance.now();
    const found = chooseLeader(standing(), { heard: heard(), leader, waited: now - heldSince });
    if (found === null && leader !== null) {
      heldSince = now;
    }
    leader = found;
    if (leader === null) {
      wait();
    } else {
      lead(byId(leader));
    }
    if (isOver(loop, wall)) {
      go(loop.from);
    } else {
      keepLive(now);
    }
  }

  /** Who watches live stays live: what an outage has cost is passed over, and none is ahead of the others for long. */
  function keepLive(now) {
    const live = liveTime();
    if (live === null && views().some((view) => view.isLive())) {
      // Nothing new comes at the moment: who was live wants to be when it does.
      return;
    }
    const behind = live === null ? null : (live - wall) / 1000;
    wanted = wantsLive(wanted, { behind, paused: !playing, speed: rate });
    const off = wanted && (live - wall > TOO_LATE_MS || wall - live > TOO_EARLY_MS);
    offSince = off ? offSince || now : null;
    if (off && now - offSince > OFF_MS && now - wentAt > AGAIN_MS) {
      goLive();
    }
  }

  function tick() {
    if (views().length === 0) {
      return;
    }
    views().forEach((view) => view.look(wall));
    if (wall === null) {
      join();
    } else if (separate) {
      views().filter(({ id }) => !strayed.has(id)).forEach((view) => view.rest(wall));
    } else if (scrubbing) {
      byId(focused()).rest(wall);
    } else if (!playing) {
      views().forEach((view) => view.rest(wall, { exact: true }));
    } else {
      run();
    }
  }

  setInterval(tick, TICK_MS);

  return {
    tick,
    seek,
    /** On or back by so many ms. */
    seekBy(by) {
      const at = separate ? byId(focused()).now() : wall;
      if (at !== null) {
        seek(at + by);
      }
    },
    goLive,
    play,
    pause,
    setRate,
    liveTime,
    range,
    get wall() {
      return wall;
    },
    get playing() {
      return separate ? !byId(focused()).video.paused : playing;
    },
    get rate() {
      return rate;
    },
    get leader() {
      return leader;
    },
    get ended() {
      return ended;
    },
    get loop() {
      return loop;
    },
    set loop(chosen) {
      loop = chosen;
      onChange();
    },
    get separate() {
      return separate;
    },
    /** Whether each view goes its own way, all paused. */
    set separate(on) {
      if (on) {
        pause();
      } else {
        views().forEach((view) => view.pause());
      }
      separate = on;
      strayed = new Set();
      onChange();
    },
    /** The time of a view: that of all, or its own. */
    timeOf: (view) => (separate && strayed.has(view.id) ? view.now() : wall),
    get scrubbing() {
      return scrubbing;
    },
    /** While the viewer drags along the time bar only the focused view seeks. */
    scrub(time) {
      if (separate) {
        seek(time);
        return;
      }
      if (!scrubbing) {
        scrubbing = true;
        hold();
        views().forEach((view) => view.pause());
      }
      wanted = false;
      ended = false;
      wall = time;
      byId(focused()).look(wall);
      byId(focused()).rest(wall);
    },
    /** The others follow. */
    release() {
      if (scrubbing) {
        scrubbing = false;
        seek(wall);
      }
    },
    /** How far behind live the pictures are, in s, or null where nothing is live. */
    behindLive() {
      const live = liveTime();
      return live === null || wall === null ? null : Math.max(0, (live - wall) / 1000);
    },
    /** One frame on or back in the focused view; all others show the same moment. Says whether it is exact. */
    async stepBy(count) {
      const view = byId(focused());
      if (playing) {
        pause();
      }
      const grid = await view.frames.grid();
      const to = stepTarget(grid, view.frames.position(grid), count);
      wanted = false;
      if (separate) {
        stray().seek(to);
      } else {
        wall = view.timeOf(to);
        views().forEach((one) => one.rest(wall));
      }
      return grid.steady;
    },
  };
}
