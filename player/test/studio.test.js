import assert from "node:assert/strict";
import { test } from "node:test";

import { factsOf, viewOf } from "../site/assets/studio-model.js";
import { words } from "../site/assets/studio-words.js";

const STARTED = "2026-11-22T19:00:00.000Z";
const NOW = Date.parse("2026-11-22T20:02:03.000Z");
const INGEST = {
  since: STARTED,
  video: {
    codec: "h264", profile: "High", level: "4.0", width: 1920, height: 1080, fps: 59.94, varies: false, missing: 0,
    key_interval: 1, b_frames: true,
  },
  audio: { codec: "aac", profile: "LC", rate: 48000, channels: 2 },
  bitrate: { now: 6012345, average: 5900000, peak: 7100000 },
  av: { offset_ms: 10, drift_ms: 0 },
  late: 0,
  jumps: 0,
  gaps: { count: 0, seconds: 0 },
  delay: 2.5,
  safe_hours: 12,
  advice: [],
};
const OFFLINE = { id: "cup", title: "The cup", state: "offline", live: null, ingest: null, refused: null, replays: [] };
const LIVE = { ...OFFLINE, state: "live", live: { started: STARTED }, ingest: INGEST };
const INDEX = { disk: { refusing: false, message: "" }, refused: null };
const ADVICE = { code: "key-frames", level: "warn", text: "Key frames come every 8.3 s.", setting: "OBS: 1 s." };
const refusal = (code, time) => ({ code, time, text: `It was ${code}.` });

test("who is on air reads what arrives in short lines", () => {
  assert.deepEqual(factsOf(LIVE, NOW), [
    ["Length", "1:02:03"],
    ["Viewers see it", "about 2.5 s later"],
    ["Picture", "1920×1080, 59.94 pictures a second, H264 High"],
    ["Key frames", "every 1 s"],
    ["Sound", "AAC, 48 kHz, stereo"],
    ["Bitrate", "6.0 Mbit/s, 5.9 on average, 7.1 at most"],
    ["On its way", "in time"],
    ["Interruptions", "none"],
    ["Room to record", "12 h as it goes now"],
  ]);
});

test("what is missing or late is said, and what is not known is left out", () => {
  const video = { ...INGEST.video, missing: 0.051, key_interval: null };
  const gaps = { count: 2, seconds: 31.4 };
  const poor = { ...INGEST, video, audio: null, bitrate: null, late: 4.2, gaps, delay: null };
  const facts = Object.fromEntries(factsOf({ ...LIVE, ingest: { ...poor, safe_hours: null } }, NOW));
  assert.match(facts.Picture, /5\.1 % missing/);
  assert.deepEqual(Object.keys(facts), ["Length", "Picture", "Sound", "On its way", "Interruptions"]);
  assert.deepEqual([facts.Sound, facts["On its way"], facts.Interruptions], ["none", "4.2 s late", "2, 31.4 s in all"]);
});

test("sound alone has no picture, and another codec has a name without a size", () => {
  const hevc = { codec: "hevc", profile: null, width: null, height: null, fps: null, missing: 0, key_interval: null };
  const picture = (video) => Object.fromEntries(factsOf({ ...LIVE, ingest: { ...INGEST, video } }, NOW)).Picture;
  assert.equal(picture(null), "none");
  assert.equal(picture(hevc), "HEVC");
});

test("all is well only where something is measured and nothing is to change", () => {
  assert.ok(viewOf(LIVE, INDEX, NOW).air.endsWith(words.ready));
  assert.ok(viewOf({ ...LIVE, ingest: null }, INDEX, NOW).air.endsWith(words.measuring));
  const poor = viewOf({ ...LIVE, ingest: { ...INGEST, advice: [ADVICE] } }, INDEX, NOW);
  assert.ok(!poor.air.includes(words.ready));
  assert.deepEqual(poor.advice, [ADVICE]);
});

test("who is not on air is told how to try, and sees no old measurement", () => {
  for (const state of ["offline", "replay", "processing"]) {
    const view = viewOf({ ...LIVE, state, ingest: null }, INDEX, NOW);
    assert.equal(view.trial, words.trial);
    assert.deepEqual([view.facts, view.advice], [[], []]);
    assert.ok(view.air && view.badge);
  }
  assert.equal(viewOf(LIVE, INDEX, NOW).trial, "");
});

test("what arrives and cannot be shown is told although nothing is on air", () => {
  const video = { codec: "hevc", profile: null, width: null, height: null, fps: 30, missing: 0, key_interval: null };
  const view = viewOf({ ...OFFLINE, ingest: { ...INGEST, video, advice: [ADVICE] } }, INDEX, NOW);
  assert.deepEqual(view.advice, [ADVICE]);
  assert.deepEqual(view.facts[1], ["Picture", "30 pictures a second, HEVC"]);
  assert.equal(view.trial, "");
});

test("the newest refusal is told, of the stream or of an id that there is not", () => {
  const own = refusal("wrong-key", "2026-11-22T18:00:00.000Z");
  const other = refusal("unknown-id", "2026-11-22T18:30:00.000Z");
  assert.match(viewOf({ ...OFFLINE, refused: own }, { ...INDEX, refused: other }, NOW).refused, /unknown-id/);
  assert.match(viewOf({ ...OFFLINE, refused: own }, null, NOW).refused, /wrong-key/);
  assert.equal(viewOf(OFFLINE, INDEX, NOW).refused, "");
});

test("who came on air after a refusal has found the way; a rival who came later is told", () => {
  const told = (time) => viewOf({ ...LIVE, refused: refusal("already-live", time) }, INDEX, NOW).refused;
  assert.equal(told("2026-11-22T18:59:00.000Z"), "");
  assert.match(told("2026-11-22T19:30:00.000Z"), /already-live/);
});

test("who is on air is not told of strangers who try ids that there are not", () => {
  const other = refusal("unknown-id", "2026-11-22T19:30:00.000Z");
  assert.equal(viewOf(LIVE, { ...INDEX, refused: other }, NOW).refused, "");
  assert.match(viewOf({ ...LIVE, state: "interrupted" }, { ...INDEX, refused: other }, NOW).refused, /unknown-id/);
});

test("a full disk is said", () => {
  const disk = { refusing: true, message: "less than 5 GB is free" };
  assert.match(viewOf(OFFLINE, { ...INDEX, disk }, NOW).disk, /less than 5 GB/);
  assert.equal(viewOf(OFFLINE, INDEX, NOW).disk, "");
});
