import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_RECORDINGS, NOTHING, parse, recall, remember } from "../site/assets/memory.js";

const left = (place, speed = 1) => ({ place, duration: 100, speed });

test("a replay goes on where and as fast as it was left", () => {
  const memory = remember(NOTHING, "a", left(42.1234567, 0.5), 1000);
  assert.deepEqual(recall(parse(JSON.stringify(memory)), "a"), { place: 42.123, speed: 0.5 });
  assert.deepEqual(recall(memory, "b"), { place: 0, speed: 1 });
});

test("who was at the start or has seen the end begins at the start", () => {
  for (const place of [0, 3, 95, 100, NaN]) {
    const memory = remember(remember(NOTHING, "a", left(42), 1), "a", left(place), 2);
    assert.deepEqual(recall(memory, "a"), { place: 0, speed: 1 });
    assert.deepEqual(memory.recordings, {});
  }
  assert.deepEqual(recall(remember(NOTHING, "a", left(99, 2), 1), "a"), { place: 0, speed: 2 });
});

test("only so many recordings are remembered, the last seen ones", () => {
  let memory = NOTHING;
  for (let i = 0; i < MOST_RECORDINGS + 20; i += 1) {
    memory = remember(memory, `r${i}`, left(50), i);
  }
  assert.equal(Object.keys(memory.recordings).length, MOST_RECORDINGS);
  assert.deepEqual([recall(memory, "r19").place, recall(memory, "r20").place], [0, 50]);
});

test("whatever lies in the storage, something sensible comes out", () => {
  for (const words of [null, "", "null", "[]", "3", "{", '{"recordings":[],"volume":7}', '{"volume":"x","muted":1}']) {
    assert.deepEqual(parse(words), NOTHING, words);
  }
  for (const own of [null, 3, [], { place: "x", speed: 7 }, { place: -3 }]) {
    assert.deepEqual(recall({ recordings: { a: own } }, "a"), { place: 0, speed: 1 });
  }
  assert.deepEqual(recall(NOTHING, "constructor"), { place: 0, speed: 1 });
  assert.equal(parse('{"volume":0.3,"muted":true}').volume, 0.3);
});
