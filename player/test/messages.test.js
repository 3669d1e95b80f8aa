import assert from "node:assert/strict";
import { test } from "node:test";

import { adviceFor, badgeFor, messageFor } from "../site/assets/messages.js";
import { text } from "../site/assets/text.js";

const { messages, badges } = text;
const view = (changes) => ({
  id: "match1",
  problem: null,
  state: "live",
  source: "hls",
  offer: null,
  notice: null,
  ended: false,
  trouble: false,
  played: true,
  soundOnly: false,
  ...changes,
});

test("who watches undisturbed is told nothing", () => {
  assert.equal(messageFor(view({})), "");
  assert.equal(messageFor(view({ state: "replay", source: "mp4" })), "");
});

test("where there is no picture to see, the page says so, live and recorded", () => {
  assert.equal(messageFor(view({ soundOnly: true })), messages.soundOnly);
  assert.equal(messageFor(view({ soundOnly: true, state: "replay", source: "mp4" })), messages.soundOnly);
  assert.equal(messageFor(view({ soundOnly: true, state: "interrupted" })), messages.interrupted);
});

test("who watches live is told of settings that cost something, and of nothing less", () => {
  const advice = [{ level: "note", text: "small" }, { level: "warn", text: "Key frames come every 8.3 s." }];
  assert.equal(adviceFor("hls", { ingest: { advice } }), advice[1].text);
  assert.equal(adviceFor("mp4", { ingest: { advice } }), "");
  assert.equal(adviceFor("hls", { ingest: { advice: advice.slice(0, 1) } }), "");
  // A server from before that measures nothing.
  [null, {}, { ingest: null }].forEach((state) => assert.equal(adviceFor("hls", state), ""));
});

test("every problem has its own words", () => {
  const problems = ["missing", "malformed", "unsupported", "login", "connection", "unknown"];
  const said = problems.map((problem) => messageFor(view({ problem, source: "none" })));
  assert.equal(new Set(said).size, problems.length);
  assert.ok(said.every((words) => words.length > 10));
  assert.match(messageFor(view({ problem: "unknown" })), /match1/);
});

test("waiting, starting, interrupted, ended and prepared are told apart", () => {
  assert.equal(messageFor(view({ state: "loading", source: "none" })), messages.loading);
  assert.equal(messageFor(view({ state: "offline", source: "none" })), messages.waiting);
  assert.equal(messageFor(view({ state: "processing", source: "none" })), messages.preparing);
  assert.equal(messageFor(view({ trouble: true, played: false })), messages.starting);
  assert.equal(messageFor(view({ state: "interrupted" })), messages.interrupted);
  assert.equal(messageFor(view({ state: "interrupted", trouble: true })), messages.interrupted);
  assert.equal(messageFor(view({ state: "processing", source: "dvr" })), messages.dvr);
  assert.equal(messageFor(view({ state: "replay", source: "mp4", ended: true })), messages.ended);
});

test("a source that does not load comes before an offer", () => {
  assert.equal(messageFor(view({ source: "mp4", offer: "live" })), messages.liveAgain);
  assert.equal(messageFor(view({ source: "mp4", offer: "newest" })), messages.newer);
  assert.equal(messageFor(view({ source: "mp4", offer: "live", trouble: true })), messages.video);
});

test("the badge tells what is on screen, not what else goes on", () => {
  assert.equal(badgeFor(view({})), badges.hls);
  assert.equal(badgeFor(view({ state: "interrupted" })), badges.interrupted);
  assert.equal(badgeFor(view({ source: "mp4" })), badges.mp4);
  assert.equal(badgeFor(view({ source: "none", state: "offline" })), badges.none);
  assert.equal(badgeFor(view({ source: "none", state: "loading" })), "");
  assert.equal(badgeFor(view({ source: "none", problem: "unknown" })), "");
});

test("what the link asked for and did not get is said before what else there is", () => {
  assert.equal(messageFor(view({ notice: "recording", source: "none", offer: "live" })), messages.recording);
  assert.equal(messageFor(view({ notice: "moment", source: "dvr", state: "processing" })), messages.moment);
  assert.equal(messageFor(view({ notice: "copied", source: "mp4", offer: "newest" })), messages.copied);
  assert.equal(messageFor(view({ notice: "moment", problem: "login" })), messages.login);
});

test("who watches the closed playlist hears when the replay is there", () => {
  assert.equal(messageFor(view({ source: "dvr", state: "replay" })), messages.dvrReady);
});
