import assert from "node:assert/strict";
import { test } from "node:test";

import { targetOf } from "../site/assets/choice.js";
import { recordingOf, targetAt, wallAt } from "../site/assets/moment.js";

const at = (clock) => Date.parse(`2026-11-22T${clock}Z`);
const iso = (clock) => new Date(at(clock)).toISOString();
const replay = (file, started, duration) => ({
  file, url: `/vod/recordings/${file}.mp4`, started: iso(started), duration, parts: [],
});

const EARLY = replay("a-1", "18:00:00", 600);
const LATE = replay("a-2", "19:00:00", 600);
const OLD = { ...replay("a-0", "10:00:00", 600), id: "a" };
const NOW = at("20:10:00");
const live = (window = 14400) => ({ playlist: "/hls/a.m3u8", started: iso("20:00:00"), window });
const state = (now) => ({
  state: now ? "live" : "replay", updated: iso("20:05:00"), live: now || null, replays: [LATE, EARLY],
});
const find = (wall, { now = null, ...options } = {}) => targetAt(state(now), wall, { now: NOW, ...options });

test("a moment is found in the session that is live", () => {
  const found = find(at("20:03:00"), { now: live() });
  assert.deepEqual([found.target.kind, found.wall, found.exact], ["hls", at("20:03:00"), true]);
});

test("a moment is found in the replay that holds it, whatever is live", () => {
  for (const now of [null, live()]) {
    assert.equal(find(at("18:05:00"), { now }).target.replay.file, "a-1");
    assert.equal(find(at("19:05:00"), { now }).target.replay.file, "a-2");
  }
});

test("the same link is found in the live session, in its closed playlist, and in its replay", () => {
  const wall = at("20:03:00");
  const closed = { ...state(live()), state: "processing" };
  const later = { ...state(null), replays: [replay("a-3", "20:00:00", 300)] };
  const kinds = [state(live()), closed, later].map((one) => {
    const found = targetAt(one, wall, { now: NOW });
    assert.deepEqual([found.wall, found.exact], [wall, true]);
    return found.target.kind;
  });
  assert.deepEqual(kinds, ["hls", "dvr", "mp4"]);
});

test("a moment that was not recorded is the nearest one, and said to be", () => {
  const gap = find(at("18:20:00"));
  assert.deepEqual([gap.target.replay.file, gap.wall, gap.exact], ["a-1", at("18:09:59"), false]);
  const before = find(at("09:00:00"));
  assert.deepEqual([before.target.replay.file, before.wall, before.exact], ["a-1", at("18:00:00"), false]);
  const future = find(at("23:00:00"), { now: live() });
  assert.deepEqual([future.target.kind, future.exact], ["hls", false]);
});

test("a moment that the window has left behind is the oldest that is left", () => {
  const found = find(at("20:01:00"), { now: live(300) });
  assert.deepEqual([found.wall, found.exact], [at("20:05:00"), false]);
});

test("a replay that the state does not list any more is found in the index", () => {
  const found = find(at("10:01:00"), { older: [OLD, LATE] });
  assert.deepEqual([found.target.replay.file, found.exact], ["a-0", true]);
});

test("where there is nothing there is no moment", () => {
  assert.equal(targetAt({ state: "offline", live: null, replays: [] }, NOW, { now: NOW }), null);
});

test("a position is counted from the start of a replay or a session", () => {
  assert.deepEqual(wallAt(targetOf(state(null)), 90), { wall: at("19:01:30"), exact: true });
  assert.deepEqual(wallAt(targetOf(state(null)), 7200), { wall: at("19:09:59"), exact: false });
  assert.deepEqual(wallAt(targetOf(state(live())), 90), { wall: at("20:01:30"), exact: true });
});

test("a recording is known by its file and belongs to its stream", () => {
  assert.equal(recordingOf([LATE, EARLY], "a", "a-1"), EARLY);
  assert.equal(recordingOf([OLD], "a", "a-0"), OLD);
  assert.equal(recordingOf([OLD], "b", "a-0"), null);
  assert.equal(recordingOf([LATE], "a", ""), null);
});
