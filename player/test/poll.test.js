import assert from "node:assert/strict";
import { test } from "node:test";

import { clockText } from "../site/assets/format.js";
import { backOff, isFinal, problemOf, stateDelay } from "../site/assets/poll.js";

test("a status means one thing to the viewer", () => {
  assert.equal(problemOf(200), "ok");
  assert.equal(problemOf(401), "login");
  assert.equal(problemOf(403), "login");
  assert.equal(problemOf(404), "unknown");
  assert.equal(problemOf(500), "connection");
  assert.equal(problemOf(503), "connection");
});

test("tries after failures come further and further apart, up to a limit", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 100].map(backOff);
  assert.deepEqual(waits, [...waits].sort((one, other) => one - other));
  assert.equal(waits[0], 1000);
  assert.equal(waits[7], 30000);
});

test("a live or awaited stream is asked for often, a replay and a hidden page rarely", () => {
  for (const state of ["offline", "live", "interrupted", "processing"]) {
    assert.equal(stateDelay(state, false), 2000, state);
    assert.ok(stateDelay(state, true) > 2000, state);
  }
  assert.ok(stateDelay("replay", false) > 2000);
  assert.ok(stateDelay("replay", true) > stateDelay("replay", false));
});

test("lengths read like a clock", () => {
  assert.equal(clockText(0), "0:00");
  assert.equal(clockText(65.9), "1:05");
  assert.equal(clockText(3723), "1:02:03");
  assert.equal(clockText(-3), "0:00");
});

test("a replay's playlist is given up when it is gone, and tried again when the network or the login is", () => {
  const error = (details, code) => ({ details, response: code === undefined ? undefined : { code } });
  for (const [details, code] of [["manifestLoadError", 404], ["fragLoadError", 410], ["manifestParsingError", 200]]) {
    assert.equal(isFinal(error(details, code)), true, details);
  }
  assert.equal(isFinal(error("levelEmptyError")), true);
  const passing = [["fragLoadError", 0], ["manifestLoadTimeOut"], ["levelLoadError", 502], ["fragLoadError", 403]];
  for (const [details, code] of passing) {
    assert.equal(isFinal(error(details, code)), false, details);
  }
});
