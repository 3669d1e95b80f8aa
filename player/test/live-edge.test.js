import assert from "node:assert/strict";
import { test } from "node:test";

import { isBack, stayLive, wantsLive } from "../site/assets/live-edge.js";

const VIEW = { behind: 1, paused: false, speed: 1, failing: false };

/** A stage with a viewer of whom `now` says where he is; counts how often he is taken to the live edge. */
function viewer(now) {
  const listeners = {};
  const stage = { video: { currentTime: 100, seeking: false }, on: (name, listener) => (listeners[name] = listener) };
  let went = 0;
  const keeper = stayLive(stage, { view: () => now, goLive: () => (went += 1) });
  const jump = (to) => {
    listeners.timeupdate();
    stage.video.currentTime = to;
  };
  const seek = (to) => {
    jump(to);
    listeners.seeking();
  };
  return { tick: keeper.tick, jump, seek, went: () => went };
}

test("who is at the live edge wants to be, until he pauses or chooses a speed", () => {
  assert.equal(wantsLive(false, VIEW), true);
  assert.equal(wantsLive(false, { ...VIEW, behind: 60 }), false);
  assert.equal(wantsLive(true, { ...VIEW, behind: 60 }), true);
  assert.equal(wantsLive(true, { ...VIEW, paused: true }), false);
  assert.equal(wantsLive(true, { ...VIEW, speed: 0.5 }), false);
  assert.equal(wantsLive(true, { ...VIEW, behind: null }), false);
});

test("a jump back is the viewer's, a jump ahead may be the player's", () => {
  assert.equal(isBack(100, 90), true);
  assert.equal(isBack(100, 99.9), false);
  assert.equal(isBack(100, 103), false);
});

test("an outage is passed over when it ends, once", () => {
  const now = { ...VIEW };
  const { tick, went } = viewer(now);
  tick();
  Object.assign(now, { behind: 20, failing: true });
  tick();
  assert.equal(went(), 0);
  now.failing = false;
  tick();
  tick();
  assert.equal(went(), 1);
});

test("who looks back is left there", () => {
  const now = { ...VIEW };
  const { tick, seek, went } = viewer(now);
  tick();
  seek(70);
  now.behind = 31;
  tick();
  assert.equal(went(), 0);
});

test("who looks back is left there also before the browser has told the seek", () => {
  const now = { ...VIEW };
  const { tick, jump, went } = viewer(now);
  tick();
  jump(70);
  now.behind = 31;
  tick();
  assert.equal(went(), 0);
});
