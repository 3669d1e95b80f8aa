import assert from "node:assert/strict";
import { test } from "node:test";

import { gridByRate, gridOf, isFull, parseRate, snapRate, stepTarget } from "../site/assets/frames.js";

const near = (actual, expected, within) => assert.ok(Math.abs(actual - expected) < within, `${actual} ≈ ${expected}`);
/** Frames as RTMP carries them: times in whole milliseconds, from frame `first` on. */
function played(rate, { first = 60, count = 40, start = 0.021, keep = () => true } = {}) {
  const all = Array.from({ length: count }, (_, i) => first + i);
  return all
    .filter(keep)
    .map((number) => ({ time: Math.round((start + number / rate) * 1000) / 1000, count: number + 7 }));
}
/** The number of the frame that a browser shows at a position. */
const shownAt = (position, rate, start = 0.021) => Math.floor((position - start) * rate + 1e-6);

for (const rate of [24000 / 1001, 25, 30000 / 1001, 30, 60000 / 1001, 60, 120]) {
  test(`steps at ${rate.toFixed(2)} frames per second show each frame once, forwards and backwards`, () => {
    const grid = gridOf(played(rate, { count: 100 }));
    assert.equal(grid.steady, true);
    near(grid.duration * rate, 1, 0.0011);
    let position = 0.021 + 161.3 / rate;
    for (const [count, last] of [[1, 161 + 130], [-1, 161]]) {
      for (let i = 0; i < 130; i += 1) {
        const before = shownAt(position, rate);
        position = stepTarget(grid, position, count);
        assert.equal(shownAt(position, rate) - before, count);
      }
      assert.equal(shownAt(position, rate), last);
    }
  });
}

test("a slow screen that shows every second or third frame measures the same grid", () => {
  for (const keep of [(n) => n % 2 === 0, (n) => n % 5 === 0 || n % 5 === 2]) {
    const { duration, phase, steady } = gridOf(played(60, { count: 120, keep }));
    assert.equal(steady, true);
    near(duration, 1 / 60, 1e-9);
    near((phase - 0.021) * 60 - Math.round((phase - 0.021) * 60), 0, 0.05);
  }
});

test("a clock's time among the last frames spoils nothing", () => {
  const samples = played(60);
  const last = samples[samples.length - 1];
  const grid = gridOf([...samples, { time: last.time + 0.0087, count: last.count + 1 }]);
  assert.equal(grid.steady, true);
  near(grid.duration, 1 / 60, 1e-9);
});

test("frames that are told too early, among others, spoil nothing", () => {
  const samples = played(60, { count: 80 });
  [20, 40, 60].forEach((i) => (samples[i] = { ...samples[i], time: samples[i + 5].time }));
  [30, 50].forEach((i) => (samples[i] = { ...samples[i], time: samples[i].time + 0.0081 }));
  const grid = gridOf(samples);
  assert.equal(grid.steady, true);
  near(grid.duration, 1 / 60, 1e-9);
  const shift = (grid.phase - 0.021) * 60;
  near(shift, Math.round(shift), 0.1);
});

test("where another grid begins, as at a new part, the last one counts", () => {
  const before = played(30, { first: 0, count: 40 });
  const after = played(30, { first: 40, count: 40, start: 0.021 + 0.016 });
  const { phase } = gridOf([...before, ...after]);
  const shift = (phase - 0.037) * 30;
  near(shift, Math.round(shift), 0.05);
});

test("frames that lie on no grid are said to be unsteady, and too few are no measure", () => {
  const time = (i) => i * 0.03 + (i % 7) * 0.009 + (i % 3) * 0.005;
  const uneven = Array.from({ length: 40 }, (_, i) => ({ time: time(i), count: i }));
  assert.equal(gridOf(uneven).steady, false);
  assert.equal(gridOf(played(30, { count: 7 })), null);
});

test("where nothing was played, the average rate and any frame's time make the grid", () => {
  const grid = gridByRate(parseRate("2215000/73833"), 2.021);
  assert.deepEqual([grid.phase, grid.duration, grid.steady], [2.021, 1 / 30, true]);
  assert.equal(gridByRate(30, null).steady, false);
  assert.equal(gridByRate(null, null).duration, 1 / 30);
});

test("rates are read and rounded to common ones", () => {
  assert.equal(snapRate(59.98), 60);
  assert.equal(snapRate(29.969), 30000 / 1001);
  assert.equal(snapRate(37), 37);
  ["", null, "0/0", "1/0", "x"].forEach((words) => assert.equal(parseRate(words), null));
});

test("a recording that lacks frames of its grid has a variable rate", () => {
  const grid = { duration: 1 / 60 };
  assert.deepEqual([isFull(grid, 60), isFull(grid, null), isFull(grid, 39)], [true, true, false]);
});

test("a frame whose time was rounded up is its own", () => {
  const grid = { phase: 0, duration: 1 / 30 };
  near(stepTarget(grid, 0.9997, 1), 31.5 / 30, 1e-9);
});
