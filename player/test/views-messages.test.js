import assert from "node:assert/strict";
import { test } from "node:test";

import { text } from "../site/assets/text.js";
import { badgeFor, messageFor, reasonFor } from "../site/assets/views-messages.js";

const { views, messages, badges } = text;
const VIEW = {
  ...{ problem: null, state: "live", recorded: true, begun: true, due: true, kind: "hls" },
  ...{ opening: false, awaited: false, failing: false },
};
const reason = (changes) => reasonFor({ ...VIEW, ...changes });

test("a view says why it shows nothing, or something else than the others", () => {
  assert.equal(reason({}), views.late);
  assert.equal(reason({ failing: true }), views.trouble);
  assert.equal(reason({ due: false }), views.none);
  assert.equal(reason({ due: false, awaited: true }), views.late);
  assert.equal(reason({ due: false, opening: true }), views.loading);
  assert.equal(reason({ due: false, state: "interrupted" }), views.interrupted);
  assert.equal(reason({ due: false, state: "interrupted", kind: "mp4" }), views.none);
});

test("before anything plays, a view that waits for its stream is told from one that loads or does not exist", () => {
  assert.equal(reason({ begun: false, due: false }), views.loading);
  assert.equal(reason({ begun: false, due: false, state: null }), views.loading);
  assert.equal(reason({ begun: false, due: false, state: "offline", recorded: false }), views.offline);
  assert.equal(reason({ due: false, state: "offline", recorded: false }), views.offline);
  assert.equal(reason({ problem: "unknown", state: null }), views.unknown);
});

test("the badge says what plays, also when some are live and others are not", () => {
  assert.equal(badgeFor(["hls", "hls", "none"], false), badges.hls);
  assert.equal(badgeFor(["mp4", "mp4"], false), badges.mp4);
  assert.equal(badgeFor(["hls", "mp4"], false), views.mixed);
  assert.equal(badgeFor(["none"], false), "");
  assert.equal(badgeFor(["none"], true), badges.none);
});

test("what stands in the way is said before what was just done", () => {
  const page = { problem: null, name: "cup", login: false, aligning: false, notice: null, waiting: false };
  const say = (changes) => messageFor({ ...page, ...changes });
  assert.equal(say({}), "");
  assert.equal(say({ notice: "Copied." }), "Copied.");
  assert.equal(say({ waiting: true }), messages.noViews);
  assert.equal(say({ aligning: true, notice: "Copied." }), views.aligning);
  assert.equal(say({ login: true, aligning: true }), messages.login);
  assert.equal(say({ problem: "unknownMatch" }), messages.unknownMatch("cup"));
  assert.equal(say({ problem: "connection", login: true }), messages.connection);
  for (const problem of ["malformed", "malformedMatch", "unsupported", "login", "connection"]) {
    assert.ok(say({ problem }), problem);
  }
});
