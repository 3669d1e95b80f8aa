import assert from "node:assert/strict";
import { test } from "node:test";

import { clockFragment, clockWords, roundAt, roundsOf } from "../site/assets/review-rounds.js";

const T = Date.parse("2026-11-22T20:00:00.000Z");
const round = (id, s, text = "") => ({ id, kind: "round", time: new Date(T + s * 1000).toISOString(), text });
const names = (...notes) => roundsOf(notes).map(({ name }) => name);

test("rounds are numbered by their order in time, whoever set which first", () => {
  assert.deepEqual(names(round("b", 90), round("a", 10), { ...round("m", 20), kind: "marker" }), ["R1", "R2"]);
});

test("who names a round 7 counts on from there; other names stay and count too", () => {
  assert.deepEqual(names(round("a", 0, "R7"), round("b", 60), round("c", 90, "Overtime"), round("d", 99)), [
    "R7",
    "R8",
    "Overtime",
    "R10",
  ]);
  assert.deepEqual(names(round("a", 0, "round 12"), round("b", 1, "3")), ["R12", "R3"]);
});

test("a moment reads as its round's, and before the first as something else", () => {
  const rounds = roundsOf([round("a", 10, "R7"), round("b", 100)]);
  const words = (s) => clockWords(rounds, T + s * 1000, () => "20:00:05");
  assert.equal(words(5), "20:00:05");
  assert.equal(words(10), "R7 0:00");
  assert.equal(words(82.9), "R7 1:12");
  assert.equal(words(100), "R8 0:00");
  assert.equal(roundAt(rounds, T), null);
});

test("a moment that is some milliseconds off reads as the whole second, and as its own round's", () => {
  const rounds = roundsOf([round("a", 10, "R7"), round("b", 100)]);
  const words = (s) => clockWords(rounds, T + s * 1000, () => "");
  assert.equal(words(12.996), "R7 0:03");
  assert.equal(words(99.996), "R8 0:00");
  assert.equal(words(12.96), "R7 0:02");
});

test("a round's time is the one on the clock of all views, where there is one", () => {
  assert.equal(roundsOf([{ ...round("a", 10), wall: T + 700 }])[0].wall, T + 700);
});

test("a link can be read, and its fragment can hold whatever a round is called", () => {
  const rounds = roundsOf([round("a", 0, "R7"), round("b", 100, "Over time/2#")]);
  assert.equal(clockFragment(rounds, T + 72000), "#R7-1:12");
  assert.equal(clockFragment(rounds, T + 101000), "#Over-time%2F2%23-0:01");
  assert.equal(clockFragment(rounds, T - 100), "");
});
