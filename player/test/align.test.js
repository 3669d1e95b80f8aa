import assert from "node:assert/strict";
import { test } from "node:test";

import { nextMove } from "../site/assets/align.js";

const main = (changes) => ({ position: 100, moving: true, ended: false, seeking: false, rate: 1, ...changes });
const standby = (changes) => ({
  position: 100,
  paused: false,
  seeking: false,
  ready: true,
  error: 0,
  settled: true,
  ended: false,
  end: 600,
  misses: 1,
  ...changes,
});

test("nothing is done while either video is on its way", () => {
  assert.equal(nextMove(main({ seeking: true }), standby({ paused: true })).do, "wait");
  assert.equal(nextMove(main(), standby({ seeking: true })).do, "wait");
  assert.equal(nextMove(main(), standby({ ready: false })).do, "wait");
});

test("a moving picture is waited for by one that stands ahead of it, further ahead after each miss", () => {
  const late = standby({ paused: true, position: 99 });
  const first = nextMove(main(), { ...late, misses: 0 });
  const second = nextMove(main(), late);
  assert.equal(first.do, "seek");
  assert.ok(first.to > 100.5 && second.to > first.to);
  assert.ok(nextMove(main({ rate: 2 }), late).to - 100 > second.to - 100);
  assert.equal(nextMove(main(), standby({ paused: true, position: 101 })).do, "wait");
  assert.equal(nextMove(main(), standby({ paused: true, position: 100.05 })).do, "play");
});

test("what waits far too far ahead seeks back", () => {
  assert.equal(nextMove(main(), standby({ paused: true, position: 130 })).do, "seek");
});

test("two moving pictures are brought together by speed, a tenth at most, and then changed", () => {
  const ahead = nextMove(main(), standby({ position: 100.05, error: 0.05 }));
  assert.equal(ahead.do, "rate");
  assert.ok(ahead.to < 1 && ahead.to >= 0.9);
  assert.equal(nextMove(main(), standby({ position: 99.6, error: -0.4 })).to, 1.1);
  assert.equal(nextMove(main({ rate: 0.5 }), standby({ error: -0.4 })).to, 0.55);
  assert.equal(nextMove(main(), standby({ position: 100.01, error: 0.01 })).do, "raise");
});

test("nothing is believed before it has been seen for a moment", () => {
  assert.equal(nextMove(main(), standby({ error: 0.2, settled: false })).do, "wait");
  assert.equal(nextMove(main(), standby({ settled: false })).do, "wait");
});

test("what runs far away is stopped, to seek", () => {
  assert.equal(nextMove(main(), standby({ position: 102, error: 2 })).do, "pause");
});

test("a paused picture is replaced by the same one", () => {
  const paused = main({ moving: false });
  assert.equal(nextMove(paused, standby()).do, "pause");
  assert.deepEqual(nextMove(paused, standby({ paused: true, position: 101 })), { do: "seek", to: 100 });
  assert.equal(nextMove(paused, standby({ paused: true })).do, "raise");
});

test("a picture that has ended is replaced by one that has", () => {
  const ended = main({ moving: false, ended: true });
  const sought = nextMove(ended, standby({ paused: true }));
  assert.equal(sought.do, "seek");
  assert.ok(sought.to < 600 && sought.to > 599.9);
  assert.equal(nextMove(ended, standby({ paused: true, position: sought.to })).do, "play");
  assert.equal(nextMove(ended, standby({ position: 599.97 })).do, "wait");
  assert.equal(nextMove(ended, standby({ position: 600, paused: true, ended: true, misses: 0 })).do, "seek");
  assert.equal(nextMove(ended, standby({ position: 600, paused: true, ended: true })).do, "raise");
});

test("on a hidden page, near is near enough", () => {
  const off = standby({ position: 100.2, error: 0.2 });
  assert.equal(nextMove(main(), off).do, "rate");
  assert.equal(nextMove(main(), off, { hidden: true }).do, "raise");
});

test("on a hidden page the other video is reached although nobody is asked for a second", () => {
  for (const start of [-5, -0.2, 0.6, 1.4, 40]) {
    const [shown, other] = [main({ position: 100 }), standby({ position: 100 + start, paused: true, settled: false })];
    let moves = 0;
    for (let move = { do: "wait" }; move.do !== "raise"; moves += 1) {
      move = nextMove(shown, other, { hidden: true });
      other.position = move.do === "seek" ? move.to : other.position;
      other.paused = move.do === "play" ? false : other.paused || move.do === "pause";
      shown.position += 1;
      other.position += other.paused ? 0 : 0.95;
      assert.ok(moves < 8, `${start}`);
    }
  }
});
