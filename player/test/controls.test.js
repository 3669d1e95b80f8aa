import assert from "node:assert/strict";
import { test } from "node:test";

import { dragSeek, jumpAt } from "../site/assets/gestures.js";
import { previewPosition, previewText } from "../site/assets/preview.js";
import { knownSpeed, speedBy, SPEEDS } from "../site/assets/speeds.js";

test("speeds go from a tenth to four, one after the other, and end there", () => {
  assert.deepEqual(SPEEDS, [0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 4]);
  assert.deepEqual([speedBy(1, 1), speedBy(1, -1), speedBy(4, 1), speedBy(0.1, -1)], [1.25, 0.75, 4, 0.1]);
  assert.deepEqual([speedBy(1.1, 1), speedBy(1.1, -1)], [1.25, 1]);
  assert.deepEqual([knownSpeed(0.1), knownSpeed(3), knownSpeed("2")], [0.1, 1, 1]);
});

test("two taps jump on the outer thirds of the picture", () => {
  assert.deepEqual([jumpAt(10, 390), jumpAt(195, 390), jumpAt(380, 390)], [-10, 0, 10]);
});

test("a drag over the whole picture is a minute and a half", () => {
  assert.deepEqual([dragSeek(390, 390), dragSeek(-195, 390), dragSeek(1, 390)], [90, -45, 0]);
});

test("the preview of a window that moves on begins where the window begins", () => {
  assert.equal(previewPosition(0, [3600, 7200]), 3600);
  assert.equal(previewPosition(3600, [3600, 7200]), 5400);
  assert.equal(previewPosition(7200, [3600, 7200]), 7200);
  assert.equal(previewPosition(30, [0, 60]), 30);
  assert.equal(previewPosition(5, [0, 0]), 5);
});

test("the preview counts from the start of a recording, and back from the live edge", () => {
  assert.equal(previewText(63, null), "1:03");
  assert.equal(previewText(63, 105), "−0:42");
  assert.equal(previewText(110, 105), "−0:00");
});
