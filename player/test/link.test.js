import assert from "node:assert/strict";
import { test } from "node:test";

import { momentLink, playerLink, readLink, readMoment } from "../site/assets/link.js";

const STREAM = { recording: null, moment: null };
const FILE = "match1-20261122T190000Z";
const WALL = Date.parse("2026-11-22T19:00:00.250Z");

test("a link names a stream, none, or something that is no stream's name", () => {
  assert.deepEqual(readLink("?id=match1"), { id: "match1", ...STREAM });
  assert.deepEqual(readLink("?x=1&id=team-a_2"), { id: "team-a_2", ...STREAM });
  assert.deepEqual(readLink(""), { problem: "missing" });
  assert.deepEqual(readLink("?id="), { problem: "missing" });
  for (const id of ["MATCH1", "-a", "a%2Fb", "a%20b", "..", "a".repeat(65)]) {
    assert.deepEqual(readLink(`?id=${id}`), { problem: "malformed" }, id);
  }
  assert.deepEqual(readLink(playerLink("match1").replace("/player", "")), { id: "match1", ...STREAM });
});

test("a link may name a recording, by its file's name with or without its ending", () => {
  assert.equal(readLink(`?id=match1&rec=${FILE}`).recording, FILE);
  assert.equal(readLink(`?id=match1&rec=${FILE}.mp4`).recording, FILE);
  assert.equal(readLink("?id=match1&rec=").recording, null);
});

test("a recording's name that can be none names none, and leads nowhere else", () => {
  for (const file of ["../../etc/passwd", "https://elsewhere.example/a.mp4", "x", `${FILE}%0A`]) {
    assert.equal(readLink(`?id=match1&rec=${file}`).recording, "", file);
  }
});

test("a moment is a wall clock or a position", () => {
  assert.deepEqual(readMoment("2026-11-22T19:00:00.250Z"), { wall: WALL });
  assert.deepEqual(readMoment("2026-11-22T20:00:00.250+01:00"), { wall: WALL });
  assert.deepEqual(readMoment("2026-11-22T20:00:00.250 01:00"), { wall: WALL });
  assert.deepEqual(readMoment("2026-11-22T19:00Z"), { wall: WALL - 250 });
  assert.deepEqual(readMoment("1h2m3s"), { offset: 3723 });
  assert.deepEqual(readMoment("90"), { offset: 90 });
  assert.deepEqual(readMoment("90m"), { offset: 5400 });
  assert.deepEqual(readMoment("1h30"), { offset: 3630 });
  assert.deepEqual(readMoment("2.5s"), { offset: 2.5 });
  assert.deepEqual(readMoment("0"), { offset: 0 });
});

test("what is no moment is none", () => {
  for (const words of [null, "", "soon", "-5", "1h2x", "2026-11-22", "2026-13-22T19:00:00Z", "3m2h", "s", "1e3"]) {
    assert.equal(readMoment(words), null, words);
  }
});

test("a moment's link is read as it was written, to the millisecond", () => {
  const written = momentLink("match1", WALL + 0.4);
  assert.equal(written, "/player?id=match1&t=2026-11-22T19:00:00.250Z");
  assert.deepEqual(readLink(written.replace("/player", "")), { id: "match1", recording: null, moment: { wall: WALL } });
});

test("where the clock is not known, the link is the stream's", () => {
  assert.equal(momentLink("match1", null), "/player?id=match1");
  assert.equal(momentLink("match1", NaN), "/player?id=match1");
});
