import assert from "node:assert/strict";
import { test } from "node:test";

import { liveDistance, segmentLength } from "../site/assets/latency.js";

const of = (...durations) => durations.map((duration) => ({ duration }));

test("a publisher of one-second segments is watched one segment behind", () => {
  assert.equal(liveDistance(1, Infinity), 1);
  assert.equal(liveDistance(0.967, Infinity), 0.967);
});

test("after a stall two segments are kept, for a while", () => {
  assert.equal(liveDistance(1, 0), 2);
  assert.equal(liveDistance(1, 4 * 60 * 1000), 2);
  assert.equal(liveDistance(1, 6 * 60 * 1000), 1);
});

test("longer segments are always watched two behind", () => {
  assert.equal(liveDistance(2, Infinity), 4);
  assert.equal(liveDistance(8.33, Infinity), 16.66);
});

test("the newest segments count: a publisher may change the key frame interval", () => {
  assert.equal(segmentLength(of(1, 1, 2, 2)), 1.5);
  assert.equal(segmentLength([...of(...Array(30).fill(8)), ...of(...Array(10).fill(1))]), 1);
  assert.equal(segmentLength([]), 0);
});
