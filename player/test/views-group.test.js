// The group with views whose videos are made up: they play, seek and stall as told, and a clock that the tests move.

import assert from "node:assert/strict";
import { test } from "node:test";

import { nextMove, restMove } from "../site/assets/views-follow.js";
import { createGroup } from "../site/assets/views-group.js";
import { covers } from "../site/assets/views-rows.js";

const TICK_MS = 100;
const FRAME_S = 1 / 30;

/** A view of a recording with parts [from, to] in ms; position 0 is time 0, and `speed` is how true its clock is. */
function makeView(id, spans, { speed = 1 } = {}) {
  const video = { currentTime: 0, paused: true, ended: false, playbackRate: 1, seeking: 0, stalled: false };
  let errors = [];
  const isBusy = () => video.seeking > 0 || video.stalled;
  const now = () => video.currentTime * 1000;
  const isDue = (time) => covers(spans, time, 100) && !video.ended;
  function seek(to) {
    errors = [];
    video.seeking = 3;
    video.ended = false;
    video.currentTime = to;
  }
  function act({ do: what, to }, rate) {
    if (what === "seek") {
      video.paused = true;
      seek(to);
    } else if (what === "rate") {
      errors = video.playbackRate === to ? errors : [];
      video.playbackRate = to;
    } else if (what === "play" || what === "pause") {
      errors = [];
      video.playbackRate = what === "play" ? rate : video.playbackRate;
      video.paused = what === "pause";
    }
  }
  return {
    id,
    video,
    seeks: 0,
    playback: { kind: "mp4", failing: false, source: {} },
    now,
    isDue,
    seek,
    isBusy,
    isFresh: () => false,
    isLive: () => false,
    leave: () => act({ do: "pause" }, 1),
    isOpening: () => false,
    edge: () => null,
    spans: () => spans,
    look() {},
    hasGap: (from, to) => to > from && spans.some((span) => span[1] >= from && span[1] < to),
    isFit: (time) => isDue(time) && !isBusy() && !video.ended,
    pause: () => act({ do: "pause" }, 1),
    play: () => act({ do: "play" }, video.playbackRate),
    setRate: (to) => act({ do: "rate", to }, to),
    frames: { grid: async () => ({ phase: 0, duration: FRAME_S, steady: true }), position: () => video.currentTime },
    timeOf: (position) => position * 1000,
    rest: (time) => isDue(time) && act(restMove(time / 1000, { position: now() / 1000, ...video, busy: isBusy() }), 1),
    jump(time) {
      this.seeks += 1;
      video.paused = true;
      if (isDue(time)) {
        seek(time / 1000);
      }
    },
    follow(time, rate, heard) {
      errors = errors.concat((now() - time) / 1000).slice(-4);
      const error = errors.reduce((sum, one) => sum + one, 0) / errors.length;
      const seen = { position: now() / 1000, paused: video.paused, busy: isBusy(), error, settled: errors.length >= 4 };
      act(nextMove({ position: time / 1000, rate }, { ...seen, near: true, lead: 0.4 }, { heard }), rate);
    },
    /** Time passes. */
    pass() {
      video.seeking = Math.max(0, video.seeking - 1);
      if (!video.paused && !isBusy()) {
        const before = now();
        video.currentTime += (TICK_MS / 1000) * video.playbackRate * speed;
        // A file has no gaps: what comes after one follows at once.
        const gap = spans.find((span) => span[1] > before && span[1] <= now());
        const next = gap && spans[spans.indexOf(gap) + 1];
        video.currentTime = next ? next[0] / 1000 : video.currentTime;
        video.ended = Boolean(gap) && !next;
      }
    },
  };
}

/** A group of views, the first of them heard and focused; pass(seconds) lets time go by. */
function makeGroup(views) {
  const before = { setInterval: globalThis.setInterval };
  let time = 0;
  let tick = () => {};
  const clock = globalThis.performance;
  const own = Object.getOwnPropertyDescriptor(clock, "now");
  globalThis.setInterval = (wanted) => {
    tick = wanted;
  };
  const group = createGroup({
    ...{ all: () => views, views: () => views, heard: () => views[0].id, focused: () => views[0].id, onChange() {} },
  });
  globalThis.setInterval = before.setInterval;
  return {
    group,
    pass(seconds, look = () => {}) {
      Object.defineProperty(clock, "now", { value: () => time, configurable: true });
      for (let passed = 0; passed < seconds * 1000; passed += TICK_MS) {
        time += TICK_MS;
        views.forEach((view) => view.pass());
        tick();
        look();
      }
      if (own) {
        Object.defineProperty(clock, "now", own);
      } else {
        delete clock.now;
      }
    },
  };
}

const LONG = [[0, 100000]];
const spread = (views) => {
  const times = views.map((view) => view.now());
  return Math.max(...times) - Math.min(...times);
};

test("all play together, the one that is heard at its own speed, also when their clocks differ", () => {
  const views = [makeView("a", LONG), makeView("b", LONG, { speed: 1.0001 }), makeView("c", LONG, { speed: 0.999 })];
  const { group, pass } = makeGroup(views);
  group.seek(10000);
  pass(3);
  let worst = 0;
  pass(30, () => {
    worst = Math.max(worst, spread(views));
    assert.equal(views[0].video.playbackRate, 1);
  });
  assert.ok(worst < 60, String(worst));
  assert.ok(group.wall > 40000, String(group.wall));
});

test("a view that stalls stops nobody and is back in step soon after", () => {
  const views = [makeView("a", LONG), makeView("b", LONG), makeView("c", LONG)];
  const { group, pass } = makeGroup(views);
  group.seek(10000);
  pass(3);
  const began = group.wall;
  views[1].video.stalled = true;
  pass(5);
  assert.ok(Math.abs(group.wall - began - 5000) < 150, String(group.wall - began));
  views[1].video.stalled = false;
  pass(3);
  assert.ok(spread(views) < 60, String(spread(views)));
});

test("the one that is heard stalls, the others go on, and back again it leads without having been re-timed", () => {
  const views = [makeView("a", LONG), makeView("b", LONG)];
  const { group, pass } = makeGroup(views);
  group.seek(10000);
  pass(3);
  const began = group.wall;
  views[0].video.stalled = true;
  pass(4, () => assert.equal(views[0].video.playbackRate, 1));
  assert.equal(group.leader, "b");
  assert.ok(Math.abs(group.wall - began - 4000) < 200);
  views[0].video.stalled = false;
  pass(3, () => assert.equal(views[0].video.playbackRate, 1));
  assert.equal(group.leader, "a");
  assert.ok(spread(views) < 60, String(spread(views)));
});

test("in a gap of the one that is heard the others show their pictures, and it comes back behind the gap", () => {
  const views = [makeView("a", [[0, 20000], [26000, 60000]]), makeView("b", LONG)];
  const { group, pass } = makeGroup(views);
  group.seek(18000);
  pass(5);
  assert.equal(group.leader, "b");
  assert.ok(group.wall > 20500 && group.wall < 23500, String(group.wall));
  assert.ok(views[0].video.paused);
  pass(6);
  assert.equal(group.leader, "a");
  assert.ok(spread(views) < 60, String(spread(views)));
});

test("where nobody has pictures the clock goes on where they begin again, and ends after the last", () => {
  const views = [makeView("a", [[0, 5000], [30000, 33000]]), makeView("b", [[0, 4000]])];
  const { group, pass } = makeGroup(views);
  group.seek(3000);
  pass(4);
  assert.ok(group.wall >= 30000, String(group.wall));
  pass(6);
  assert.ok(group.ended);
  assert.ok(!group.playing);
});

test("paused, all stand on the same moment, and a loop takes all back", () => {
  const views = [makeView("a", LONG), makeView("b", LONG, { speed: 0.998 })];
  const { group, pass } = makeGroup(views);
  group.seek(10000);
  pass(4);
  group.pause();
  pass(2);
  assert.ok(spread(views) < 13, String(spread(views)));
  const stood = group.wall;
  pass(2);
  assert.equal(group.wall, stood);
  group.loop = { from: 20000, to: 22000 };
  group.seek(20000);
  group.play();
  const seen = [];
  pass(12, () => seen.push(group.wall));
  assert.ok(Math.max(...seen) < 22300 && Math.min(...seen) > 19900, `${Math.min(...seen)} … ${Math.max(...seen)}`);
  assert.ok(seen.filter((wall, i) => i > 0 && wall < seen[i - 1] - 1000).length > 2);
});

test("paused, all stand in the middle of a frame of the view that led, not at the edge of one", async () => {
  const views = [makeView("a", LONG), makeView("b", LONG)];
  const { group, pass } = makeGroup(views);
  group.seek(10000);
  pass(6);
  group.pause();
  const at = group.wall;
  await Promise.resolve();
  pass(4);
  const frames = group.wall / 1000 / FRAME_S;
  assert.ok(Math.abs(frames - Math.floor(frames) - 0.5) < 0.001, String(frames));
  assert.ok(Math.abs(group.wall - at) <= 1000 * FRAME_S, `${group.wall} for ${at}`);
  assert.ok(spread(views) < 13, String(spread(views)));
});

test("while scrubbing only the focused view seeks; the others follow on release and all go on", () => {
  const views = [makeView("a", LONG), makeView("b", LONG), makeView("c", LONG)];
  const { group, pass } = makeGroup(views);
  group.seek(10000);
  pass(3);
  const before = views[1].now();
  [40000, 45000, 50000].forEach((time) => {
    group.scrub(time);
    pass(1);
  });
  assert.equal(views[0].now(), 50000);
  assert.ok(views.slice(1).every((view) => Math.abs(view.now() - before) < 200 && view.video.paused));
  group.release();
  pass(3);
  assert.ok(spread(views) < 60 && group.wall > 50500, `${spread(views)} at ${group.wall}`);
});

test("the chosen speed is that of all", () => {
  const views = [makeView("a", LONG), makeView("b", LONG)];
  const { group, pass } = makeGroup(views);
  group.seek(10000);
  pass(3);
  for (const rate of [0.25, 2]) {
    group.setRate(rate);
    const began = group.wall;
    pass(4);
    assert.ok(Math.abs(group.wall - began - rate * 4000) < 250, `${rate}: ${group.wall - began}`);
    assert.ok(spread(views) < 60 * Math.max(1, rate));
  }
});

test("aligning, only views that were looked at go their own way, and the others stand where all stood", () => {
  const views = [makeView("a", LONG), makeView("b", LONG)];
  const { group, pass } = makeGroup(views);
  group.seek(10000);
  pass(3);
  group.separate = true;
  pass(1);
  const stood = group.wall;
  group.seek(12000);
  pass(1);
  assert.equal(group.timeOf(views[0]), 12000);
  assert.equal(group.timeOf(views[1]), stood);
  assert.ok(Math.abs(views[1].now() - stood) < 13, String(views[1].now() - stood));
  group.separate = false;
  assert.equal(group.timeOf(views[0]), stood);
});
