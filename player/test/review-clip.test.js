import assert from "node:assert/strict";
import { test } from "node:test";

import { beginAt, endAt, lackOf, lengthOf, liveRate, NO_CLIP, sizeOf, uploadOf } from "../site/assets/review-clip.js";

test("[ and ] choose in either order, and what makes no sense with the new end goes", () => {
  const begun = beginAt(NO_CLIP, 1000);
  assert.deepEqual(begun, { from: 1000, to: null });
  assert.deepEqual(endAt(begun, 9000), { from: 1000, to: 9000 });
  assert.deepEqual(beginAt({ from: 1000, to: 9000 }, 4000), { from: 4000, to: 9000 });
  assert.deepEqual(beginAt({ from: 1000, to: 9000 }, 9000), { from: 9000, to: null });
  assert.deepEqual(endAt({ from: 5000, to: 9000 }, 4000), { from: null, to: 4000 });
  assert.deepEqual(beginAt(endAt(NO_CLIP, 9000), 2000), { from: 2000, to: 9000 });
});

test("it says what a clip lacks before anything is sent", () => {
  assert.equal(lackOf(NO_CLIP), "nothing");
  assert.equal(lackOf({ from: 1, to: null }), "to");
  assert.equal(lackOf({ from: null, to: 1 }), "from");
  assert.equal(lackOf({ from: 0, to: 600001 }), "tooLong");
  assert.equal(lackOf({ from: 0, to: 600000 }), null);
});

test("the size is told beforehand from what a second takes, of all views together", () => {
  const clip = { from: 0, to: 20000 };
  assert.equal(lengthOf(clip), 20);
  assert.equal(sizeOf(clip, [500000]), 10e6);
  assert.equal(sizeOf(clip, [500000, 250000]), 15e6);
  assert.equal(sizeOf(clip, [500000, null]), null);
  assert.equal(sizeOf({ from: 0, to: null }, [500000]), null);
});

test("it says whether a chat or an e-mail takes the largest file, and how much a chat would", () => {
  const upload = (seconds, ...rates) => uploadOf({ from: 0, to: seconds * 1000 }, rates);
  assert.deepEqual(upload(10, 1e6), { fits: "chat", seconds: 10 });
  assert.deepEqual(upload(20, 1e6, 2e5), { fits: "mail", seconds: 10 });
  assert.deepEqual(upload(60, 1e6), { fits: null, seconds: 10 });
  assert.equal(upload(10, null), null);
});

test("what a live second takes is measured from segments in a row, whatever else was loaded", () => {
  const url = (id, ms) => `http://x/hls/${id}-${ms}.ts`;
  const loaded = [
    [url("alice", 2000), 600000],
    [url("alice", 1000), 400000],
    [url("alice", 3000), 900000],
    [url("alice", 500000), 1],
    [url("bob", 1500), 9e9],
    ["http://x/hls/alice.m3u8", 5000],
  ];
  assert.equal(liveRate("alice", loaded), 500000);
  assert.equal(liveRate("alice", loaded.slice(0, 1)), null);
  assert.equal(liveRate("nobody", loaded), null);
});
