import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { judge } from "../site/assets/notes.js";
import { clipView } from "../site/assets/review-clip-list.js";
import { sizeWords } from "../site/assets/review-clip-bar.js";
import { tagsOffered } from "../site/assets/review-composer.js";
import { reached } from "../site/assets/review-note-list.js";
import { bytesWords, fileName, hueOf, lengthWords } from "../site/assets/review-times.js";
import { words } from "../site/assets/review-words.js";
import { entryOf, reviewOf } from "../site/assets/timeline.js";

const ASSETS = new URL("../site/assets/", import.meta.url);

test("a note whose answer was lost is sent again, and being there already is success then", () => {
  assert.deepEqual(judge(201, 0), { done: true, problem: null, again: false });
  assert.deepEqual(judge(0, 0), { done: false, problem: "connection", again: true });
  assert.equal(judge(409, 1).done, true);
  assert.equal(judge(409, 0).done, false);
  assert.deepEqual(judge(429, 0), { done: false, problem: "flood", again: true });
  [403, 413, 401].forEach((status) => assert.equal(judge(status, 0).again, false, status));
  Object.keys({ login: 1, forbidden: 1, tooLarge: 1, flood: 1, connection: 1 }).forEach((problem) => {
    assert.ok(words.problems[problem], problem);
  });
});

test("the tags in use are offered first, then the usual ones", () => {
  const notes = [{ tag: "eco" }, { tag: "idea" }, { tag: "idea" }, { tag: "" }];
  assert.deepEqual(tagsOffered(notes).slice(0, 3), ["idea", "eco", "good"]);
  assert.equal(new Set(tagsOffered(notes)).size, tagsOffered(notes).length);
});

test("the marker that a moment has reached is the last one before it", () => {
  const notes = [{ wall: 1000 }, { wall: 5000 }];
  assert.equal(reached(notes, 0), null);
  assert.equal(reached(notes, 4000), notes[0]);
  assert.equal(reached(notes, 4900), notes[1]);
});

test("length and size read as people say them", () => {
  assert.equal(lengthWords(12.34), "12.3 s");
  assert.equal(lengthWords(125), "2:05");
  assert.equal(bytesWords(850e3), "850 kB");
  assert.equal(bytesWords(8.44e6), "8.4 MB");
  assert.equal(bytesWords(1.4e9), "1.4 GB");
});

test("before a clip is cut it says how long and how large it will be, and what would take it", () => {
  assert.equal(sizeWords({ from: 0, to: 12300 }, [650e3]), "12.3 s, about 8.0 MB. Fits a chat (10 MB).");
  assert.match(sizeWords({ from: 0, to: 30000 }, [650e3]), /Too large for a chat’s 10 MB, which hold 15 s/);
  assert.equal(sizeWords({ from: 0, to: 12300 }, [null]), "12.3 s");
  assert.match(sizeWords({ from: 0, to: 10000 }, [1e5, 1e5]), /about 2.0 MB in all/);
  assert.equal(sizeWords({ from: 0, to: null }, [1e5]), "");
});

test("a clip can be had once it is ready, and a failed one says why", () => {
  const times = { from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:00:09Z" };
  const clip = { id: "a", view: "bob", author: "anna", title: "Ace", ...times };
  const shown = (more) => clipView({ ...clip, ...more }, { clock: "R1 0:01", own: true, view: "" });
  assert.equal(shown({ state: "cutting", url: null }).download, null);
  assert.equal(shown({ state: "cutting" }).fate, words.clipStates.cutting);
  assert.deepEqual(shown({ state: "ready", url: "/vod/clips/x.mp4", size: 5e6 }).download.size, "5.0 MB");
  assert.match(shown({ state: "failed", reason: "no picture" }).fate, /no picture/);
});

test("names of files hold nothing that a file system refuses", () => {
  const name = fileName('A/B: "x" <y>', new Date(2026, 0, 2, 3, 4, 5).getTime(), "png");
  assert.equal(name, "A B x y 2026-01-02 03-04-05.png");
});

test("a name has the same hue everywhere, and near names have others", () => {
  assert.equal(hueOf("anna"), hueOf("anna"));
  assert.notEqual(hueOf("anna"), hueOf("annb"));
  ["anna", "bob", "Zoë", ""].forEach((name) => assert.ok(hueOf(name) >= 0 && hueOf(name) < 360, name));
});

test("the review of a session is the same one, live, just ended and as a replay", () => {
  const live = { started: "2026-01-01T20:00:00.000Z", review: "/streams/a.review.json" };
  const started = "2026-01-01T20:00:01.200Z";
  const replay = { file: "a-1", url: "/vod/recordings/a-1.mp4", started, review: "/r.json" };
  const older = { file: "a-0", url: "/vod/recordings/a-0.mp4", started: "2026-01-01T18:00:00.000Z" };
  const dvr = { kind: "dvr", started: live.started, replay: null };
  assert.equal(reviewOf(entryOf({ live, replays: [older] }, dvr)), "/streams/a.review.json");
  assert.equal(reviewOf(entryOf({ live: null, replays: [replay, older] }, dvr)), "/r.json");
  const unlisted = entryOf({ live: null, replays: [replay] }, { started: older.started, replay: older });
  assert.equal(reviewOf(unlisted), "/review/a-0.json");
  assert.equal(reviewOf(entryOf({ live: null, replays: [] }, dvr)), null);
  assert.equal(reviewOf({ ...replay, review: null }), "/review/a-1.json");
});

test("all words of the review stand in one file", () => {
  const ours = readdirSync(ASSETS).filter((name) => /^review.*\.js$/.test(name) && name !== "review-words.js");
  assert.ok(ours.length > 10);
  ours.forEach((name) => {
    const source = readFileSync(new URL(name, ASSETS), "utf8").replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
    assert.doesNotMatch(source, /text: "[A-Za-z]|aria-label": "[A-Za-z]|placeholder: "[A-Za-z]/, name);
    const told = source.includes("review-words.js") ? source.matchAll(/(?<![-.\w])words\.([a-zA-Z]+)/g) : [];
    [...told].forEach(([, key]) => {
      assert.ok(words[key] !== undefined, `${name}: ${key}`);
    });
  });
});

test("no word of the review is left over", () => {
  const all = readdirSync(ASSETS).filter((name) => /^review.*\.js$/.test(name) && name !== "review-words.js");
  const sources = all.map((name) => readFileSync(new URL(name, ASSETS), "utf8")).join("\n");
  Object.keys(words).forEach((key) => {
    const used = sources.includes(`words.${key}`) || sources.includes(`"${key}"`);
    assert.ok(used, key);
  });
});
