import assert from "node:assert/strict";
import { test } from "node:test";

import { isSleep } from "../site/assets/wake.js";

test("a machine that has slept is told from a busy one and from a hidden page", () => {
  assert.equal(isSleep(2000, false), false);
  assert.equal(isSleep(6000, false), false);
  assert.equal(isSleep(60000, false), true);
  assert.equal(isSleep(62000, true), false);
  assert.equal(isSleep(3600000, true), true);
});
