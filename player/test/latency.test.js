import assert from "node:assert/strict";
import { test } from "node:test";

import { isTooNear, liveDistance, segmentLength } from "../site/assets/latency.js";

const of = (...durations) => durations.map((duration) => ({ duration }));

test("one watches one and a half segments behind the live edge, however long they are", () => {
  assert.equal(liveDistance(1, Infinity), 1.5);
  assert.equal(liveDistance(2, Infinity), 3);
  assert.equal(liveDistance(8, Infinity), 12);
});

test("after a stall two segments are kept, for a while", () => {
  assert.equal(liveDistance(1, 0), 2);
  assert.equal(liveDistance(2, 4 * 60 * 1000), 4);
  assert.equal(liveDistance(1, 6 * 60 * 1000), 1.5);
});

test("the newest segments count: a publisher may change the key frame interval", () => {
  assert.equal(segmentLength(of(1, 1, 2, 2)), 1.5);
  assert.equal(segmentLength([...of(...Array(30).fill(8)), ...of(...Array(10).fill(1))]), 1);
  assert.equal(segmentLength([]), 0);
});

test("a stall that was shorter than the distance to be won is followed by slower playing until that is won", () => {
  const at = (latency) => ({ latency, target: 2, sinceStall: 1000 });
  assert.ok(isTooNear(at(1.6), false));
  assert.ok(isTooNear(at(1.9), true));
  assert.ok(!isTooNear(at(2), true));
});

test("a distance that is nearly right, not known, or without a stall lately is left as it is", () => {
  assert.ok(!isTooNear({ latency: 1.9, target: 2, sinceStall: 1000 }, false));
  assert.ok(!isTooNear({ latency: 0, target: 2, sinceStall: 1000 }, false));
  assert.ok(!isTooNear({ latency: 1, target: 2, sinceStall: Infinity }, false));
});
