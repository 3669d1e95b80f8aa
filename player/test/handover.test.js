import assert from "node:assert/strict";
import { test } from "node:test";

import { LONGEST_WAIT_MS, mayHandOver } from "../site/assets/handover.js";

const WATCHING = { waited: 1000, still: false, sought: false, hidden: false, failing: false };

test("nobody is switched while playing", () => {
  assert.equal(mayHandOver(WATCHING), false);
  assert.equal(mayHandOver({ ...WATCHING, waited: LONGEST_WAIT_MS - 1 }), false);
});

test("the replay takes over at the next pause, jump or hidden tab", () => {
  for (const moment of ["still", "sought", "hidden"]) {
    assert.equal(mayHandOver({ ...WATCHING, [moment]: true }), true, moment);
  }
});

test("it takes over before the segments go, a quarter of an hour after the replay came", () => {
  assert.equal(mayHandOver({ ...WATCHING, waited: LONGEST_WAIT_MS }), true);
  assert.ok(LONGEST_WAIT_MS < 14 * 60 * 1000);
});

test("it takes over at once when a segment is gone", () => {
  assert.equal(mayHandOver({ ...WATCHING, failing: true }), true);
});

test("the browser's own full screen is left only for what does not play any more", () => {
  assert.equal(mayHandOver({ ...WATCHING, still: true, inWindow: true }), false);
  assert.equal(mayHandOver({ ...WATCHING, failing: true, inWindow: true }), true);
});
