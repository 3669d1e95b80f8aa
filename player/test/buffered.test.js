import assert from "node:assert/strict";
import { test } from "node:test";

import { isScattered } from "../site/assets/buffered.js";

/** Segments of one second; "x" is loaded, "-" is not. */
function segments(pattern) {
  return Array.from(pattern, (mark, i) => ({
    start: i,
    duration: 1,
    elementaryStreams: { video: mark === "x" ? { startPTS: i } : null },
  }));
}

test("what is loaded ahead behind a hole is scattered", () => {
  for (const pattern of ["--xx", "---x", "-x-x", "xx-x", "-x--"]) {
    assert.equal(isScattered(segments(pattern), 0.5), true, pattern);
  }
});

test("what is loaded without a hole ahead is not scattered, whatever lies behind", () => {
  for (const pattern of ["----", "xxxx", "xx--", "x---"]) {
    assert.equal(isScattered(segments(pattern), 0.5), false, pattern);
  }
  assert.equal(isScattered(segments("x-xx"), 2.5), false);
  assert.equal(isScattered(segments("x--x"), 3.5), false);
  assert.equal(isScattered([], 0), false);
});
