import assert from "node:assert/strict";
import { test } from "node:test";

import { clockText } from "../site/assets/format.js";
import { playerLink, readLink } from "../site/assets/link.js";
import { backOff, isFinal, problemOf, stateDelay } from "../site/assets/poll.js";

test("a link names a stream, none, or something that is no stream's name", () => {
  assert.deepEqual(readLink("?id=match1"), { id: "match1" });
  assert.deepEqual(readLink("?x=1&id=team-a_2"), { id: "team-a_2" });
  assert.deepEqual(readLink(""), { problem: "missing" });
  assert.deepEqual(readLink("?id="), { problem: "missing" });
  for (const id of ["MATCH1", "-a", "a%2Fb", "a%20b", "..", "a".repeat(65)]) {
    assert.deepEqual(readLink(`?id=${id}`), { problem: "malformed" }, id);
  }
  assert.deepEqual(readLink(playerLink("match1").replace("/player", "")), { id: "match1" });
});

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

test("a replay's playlist is given up when it is refused or is none, and tried again when the network is away", () => {
  const error = (details, code) => ({ details, response: code === undefined ? undefined : { code } });
  for (const [details, code] of [["manifestLoadError", 404], ["fragLoadError", 403], ["manifestParsingError", 200]]) {
    assert.equal(isFinal(error(details, code)), true, details);
  }
  assert.equal(isFinal(error("levelEmptyError")), true);
  for (const [details, code] of [["fragLoadError", 0], ["manifestLoadTimeOut"], ["levelLoadError", 502]]) {
    assert.equal(isFinal(error(details, code)), false, details);
  }
});
