import assert from "node:assert/strict";
import { test } from "node:test";

import { fragmentPosition, fragmentWall, replayPosition, replayWall, segmentTime } from "../site/assets/clock.js";

const EPOCH = 1790000000000;

/** Fragments of one second; `jitter[i]` is how late, in ms, the name of number i is. */
function fragments(count, { start = 0, wall = EPOCH, cc = 0, jitter = [] } = {}) {
  return Array.from({ length: count }, (_, i) => ({
    sn: start + i,
    start: start + i,
    playlistOffset: start + i,
    duration: 1,
    cc,
    url: `https://example.org/hls/team-1-${wall + i * 1000 + (jitter[i] || 0)}.ts`,
  }));
}

function near(actual, expected, within = 0.5) {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not within ${within} of ${expected}`);
}

test("a segment's name holds its wall clock, whatever the stream's name ends in", () => {
  assert.equal(segmentTime("/hls/team-1-1790000000123.ts"), 1790000000123);
  assert.equal(segmentTime("/hls/a-2-1790000000123.ts?x=1"), 1790000000123);
  assert.ok(Number.isNaN(segmentTime("/hls/team.ts")));
});

test("position and wall clock of a playlist are each other's inverse", () => {
  const list = fragments(100);
  near(fragmentWall(list, 42.5), EPOCH + 42500);
  near(fragmentPosition(list, EPOCH + 42500), 42.5, 0.001);
});

test("a segment whose name is late does not move the clock", () => {
  const list = fragments(60, { jitter: { 30: 400, 31: 250 } });
  near(fragmentWall(list, 30.2), EPOCH + 30200);
  near(fragmentPosition(list, EPOCH + 31500), 31.5, 0.001);
});

// As hls.js does: what was loaded begins with its sound and ends with its picture, and moves what stands after it.
const LEAD_S = 0.144;
function loading(from, to) {
  const list = fragments(100).map((fragment, i) => {
    const isLoaded = i >= from && i < to;
    const begins = i < to ? i - LEAD_S : i;
    return { ...fragment, start: i === 0 ? 0 : begins, duration: isLoaded ? 1 + LEAD_S : 1 };
  });
  return { list, pictures: new Map(list.slice(from, to).map(({ sn }, i) => [sn, from + i])) };
}

test("a segment is named by its picture, which may begin later than its sound, loaded or not", () => {
  for (const [from, to] of [[20, 25], [0, 3], [97, 100], [22, 23]]) {
    const { list, pictures } = loading(from, to);
    for (const position of [1.5, 20.5, 22.5, 24.5, 26.5, 50.5, 98.5]) {
      near(fragmentWall(list, position, pictures), EPOCH + position * 1000);
      near(fragmentPosition(list, EPOCH + position * 1000, pictures), position, 0.001);
    }
  }
});

test("the clock does not move when the newest segment is listed and not loaded yet", () => {
  const before = loading(40, 100);
  const after = loading(40, 99);
  near(fragmentWall(before.list, 98.5, before.pictures), fragmentWall(after.list, 98.5, after.pictures));
});

test("each part after a reconnect has its own clock, and the gap between them belongs to the second", () => {
  const list = [...fragments(10), ...fragments(10, { start: 10, wall: EPOCH + 60000, cc: 1 })];
  near(fragmentWall(list, 9.5), EPOCH + 9500);
  near(fragmentWall(list, 10.5), EPOCH + 60500);
  near(fragmentPosition(list, EPOCH + 30000), 10, 0.001);
  near(fragmentPosition(list, EPOCH + 61000), 11, 0.001);
});

test("a time outside of the playlist means its nearest end", () => {
  const list = fragments(10);
  assert.equal(fragmentPosition(list, EPOCH - 5000), 0);
  assert.equal(fragmentPosition(list, EPOCH + 99000), 10);
  assert.equal(fragmentPosition(list, Infinity), 10);
});

test("a playlist without wall clock, or without segments, has none", () => {
  assert.equal(fragmentWall([], 1), null);
  assert.equal(fragmentPosition([], EPOCH), null);
  assert.equal(fragmentWall([{ start: 0, duration: 1, cc: 0, url: "a.ts" }], 0.5), null);
});

const iso = (ms) => new Date(ms).toISOString();
const REPLAY = {
  started: iso(EPOCH),
  duration: 100,
  parts: [
    // The PC's clock is 1 % quick here: 60 s of picture took 60.6 s.
    { started: iso(EPOCH), offset: 0, duration: 60, clock: [[0, iso(EPOCH)], [60, iso(EPOCH + 60600)]] },
    { started: iso(EPOCH + 90000), offset: 60, duration: 40, clock: [[60, iso(EPOCH + 90000)]] },
  ],
};

test("a replay's clock follows its clock points, and both parts", () => {
  near(replayWall(REPLAY, 0), EPOCH);
  near(replayWall(REPLAY, 30), EPOCH + 30300);
  near(replayWall(REPLAY, 70), EPOCH + 100000);
  near(replayPosition(REPLAY, EPOCH + 30300), 30, 0.001);
  near(replayPosition(REPLAY, EPOCH + 100000), 70, 0.001);
});

test("a time in the gap between two parts means the start of the second", () => {
  assert.equal(replayPosition(REPLAY, EPOCH + 80000), 60);
});

test("a time just outside of a replay means its end, a time far outside is not in it", () => {
  assert.equal(replayPosition(REPLAY, EPOCH - 1000), 0);
  assert.equal(replayPosition(REPLAY, EPOCH + 132000), 100);
  assert.equal(replayPosition(REPLAY, EPOCH - 60000), null);
  assert.equal(replayPosition(REPLAY, EPOCH + 600000), null);
});

test("a replay without parts or clock points runs from its start", () => {
  const bare = { started: iso(EPOCH), duration: 50, parts: [] };
  near(replayWall(bare, 20), EPOCH + 20000);
  near(replayPosition(bare, EPOCH + 20000), 20, 0.001);
  const unmeasured = { ...bare, parts: [{ started: iso(EPOCH), offset: 0, duration: 50, clock: [] }] };
  near(replayPosition(unmeasured, EPOCH + 20000), 20, 0.001);
});
