import assert from "node:assert/strict";
import { test } from "node:test";

import { doorOf, step, targetOf } from "../site/assets/choice.js";

const EVENING = "2026-11-22T19:00:00.000Z";
const LATER = "2026-11-22T22:00:00.000Z";

const live = (started = EVENING) => ({ playlist: "/hls/a.m3u8", started, window: 14400 });
const closed = (started = EVENING) => ({ playlist: "/hls/a.20261122T190000Z.m3u8", started, window: 14400 });
const replay = (started = EVENING, duration = 60) => ({
  file: `a-${started.slice(0, 19).replace(/[-:]/g, "")}Z`,
  url: `/vod/recordings/a-${started}.mp4`,
  started,
  duration,
  parts: [],
});
const state = (name, { now = null, replays = [] } = {}) => ({ id: "a", state: name, live: now, replays });

const WAITING = state("offline");
const LIVE = state("live", { now: live() });
const PROCESSING = state("processing", { now: closed() });
const REPLAY = state("replay", { replays: [replay()] });

test("a newcomer gets the live playlist, the closed one, the newest replay, or nothing", () => {
  assert.equal(targetOf(WAITING), null);
  assert.equal(targetOf(LIVE).kind, "hls");
  assert.equal(targetOf(state("interrupted", { now: live() })).kind, "hls");
  assert.equal(targetOf(PROCESSING).kind, "dvr");
  assert.equal(targetOf(state("replay", { replays: [replay(LATER), replay()] })).started, LATER);
});

test("the encoder's delay goes with what is named by the segments, and with nothing else", () => {
  const late = state("live", { now: { ...live(), offset_ms: 250 }, replays: [replay()] });
  assert.equal(targetOf(late).offsetMs, 250);
  assert.equal(targetOf(LIVE).offsetMs, 0);
  assert.equal(targetOf(REPLAY).offsetMs, 0);
});

test("a session is watched from live to the closed playlist in place, and on to its replay", () => {
  const watching = step(null, LIVE).open;
  assert.deepEqual(step(watching, LIVE), { offer: null });
  const { follow } = step(watching, PROCESSING);
  assert.equal(follow.kind, "dvr");
  assert.deepEqual(step(follow, PROCESSING), { offer: null });
  const { replace, open } = step(follow, REPLAY);
  assert.equal(open, undefined, "nobody is switched while playing");
  assert.equal(replace.kind, "mp4");
  assert.deepEqual(step(replace, REPLAY), { offer: null });
});

test("whoever hears of the replay before the closed playlist follows that one all the same", () => {
  const watching = step(null, LIVE).open;
  const { follow, replace, open } = step(watching, REPLAY);
  assert.deepEqual([open, replace], [undefined, undefined], "nobody is switched while playing");
  assert.deepEqual(follow, step(watching, PROCESSING).follow);
  assert.equal(step(follow, REPLAY).replace.kind, "mp4");
  const parts = state("replay", { replays: [replay("2026-11-22T19:10:00.000Z"), replay()] });
  assert.equal(step(watching, parts).follow.url, closed().playlist);
  assert.equal(step(watching, REPLAY, { failing: true }).replace.kind, "mp4", "the closed playlist may have gone");
});

test("an interruption changes nothing", () => {
  assert.deepEqual(step(targetOf(LIVE), state("interrupted", { now: live() })), { offer: null });
});

test("a session that goes on after its playlist was closed is opened anew", () => {
  assert.equal(step(targetOf(PROCESSING), LIVE).open.kind, "hls");
});

test("who watches a replay is offered the new stream and not taken away", () => {
  const next = step(targetOf(REPLAY), state("live", { now: live(LATER), replays: [replay()] }));
  assert.deepEqual(next, { offer: "live" });
});

test("who watches a replay is offered a newer one", () => {
  const both = [replay(LATER), replay()];
  assert.deepEqual(step(targetOf(REPLAY), state("replay", { replays: both })), { offer: "newest" });
  const next = step(targetOf(REPLAY), state("processing", { now: closed(LATER), replays: [replay()] }));
  assert.deepEqual(next, { offer: "newest" });
});

test("who watches the end of a session when the next one starts keeps it, as its replay once there is one", () => {
  const shown = targetOf(PROCESSING);
  assert.deepEqual(step(shown, state("live", { now: live(LATER) })), { offer: "live" });
  const next = step(shown, state("live", { now: live(LATER), replays: [replay()] }));
  assert.equal(next.replace.kind, "mp4");
  assert.equal(next.offer, "live");
});

test("who slept through the end of a session gets its replay, or else what is live", () => {
  const shown = targetOf(LIVE);
  assert.equal(step(shown, state("live", { now: live(LATER), replays: [replay()] })).replace.kind, "mp4");
  assert.equal(step(shown, state("live", { now: live(LATER) })).open.started, LATER);
});

test("the start of a replay may be known better than the start of its session was", () => {
  const measured = state("replay", { replays: [replay("2026-11-22T18:59:58.200Z")] });
  assert.equal(step(targetOf(PROCESSING), measured).replace.kind, "mp4");
});

test("of a session whose parts could not be joined, the replay with the moment on screen is opened", () => {
  const second = replay("2026-11-22T19:10:00.000Z");
  const both = state("replay", { replays: [second, replay()] });
  const at = (time) => step(targetOf(PROCESSING), both, { wall: Date.parse(time) });
  assert.deepEqual(at("2026-11-22T19:10:30.000Z"), { replace: { ...targetOf(both) }, offer: null });
  assert.equal(at("2026-11-22T19:00:30.000Z").replace.started, EVENING);
  assert.equal(at("2026-11-22T19:00:30.000Z").offer, "newest");
});

test("the replay of an earlier session is not taken for this one's", () => {
  const earlier = replay("2026-11-22T12:00:00.000Z");
  const next = step(targetOf(PROCESSING), state("replay", { replays: [earlier] }));
  assert.deepEqual(next, { offer: "newest" });
});

test("a replay that was removed goes on while it plays and is left when it fails", () => {
  const shown = targetOf(REPLAY);
  assert.deepEqual(step(shown, WAITING), { offer: null });
  assert.deepEqual(step(shown, WAITING, { failing: true }), { open: null, offer: null });
  assert.deepEqual(step(shown, REPLAY, { failing: true }), { offer: null });
});

test("a replay is played by its playlist, and as a file where there is none or it did not play", () => {
  const file = targetOf(REPLAY);
  const both = targetOf(state("replay", { replays: [{ ...replay(), playlist: "/vod/recordings/a.m3u8" }] }));
  assert.equal(doorOf(both, { canPlayHls: true }), "playlist");
  assert.equal(doorOf(both, { canPlayHls: false }), "file");
  assert.equal(doorOf(both, { canPlayHls: true, failed: true }), "file");
  assert.equal(doorOf(file, { canPlayHls: true }), "file");
  const none = targetOf(state("replay", { replays: [{ ...replay(), playlist: null }] }));
  assert.equal(doorOf(none, { canPlayHls: true }), "file");
});

test("what is live, or has just ended, has one door", () => {
  assert.equal(doorOf(targetOf(LIVE), { canPlayHls: true }), "playlist");
  assert.equal(doorOf(targetOf(PROCESSING), { canPlayHls: true, failed: true }), "playlist");
});
