import assert from "node:assert/strict";
import { test } from "node:test";

import {
  choicesOf,
  clipNote,
  filterNotes,
  labelNote,
  markerNote,
  mergeDocuments,
  newId,
  readTags,
  roundNote,
  splitTag,
  withOwn,
} from "../site/assets/review-notes.js";

const T = Date.parse("2026-11-22T20:00:00.000Z");
const iso = (s) => new Date(T + s * 1000).toISOString();
const ANNA = { author: "anna", kind: "marker", view: "alice", text: "" };
const marker = (id, s, more = {}) => ({ ...ANNA, id, time: iso(s), ...more });

test("several views' documents become one list in order of time, each note once", () => {
  const one = { notes: [marker("b", 2), marker("c", 3)], clips: [], labels: { map: "Harbour" }, title: "Final" };
  const other = { notes: [marker("c", 3), marker("a", 1)], clips: [], labels: { map: "Dock" }, pinned: true };
  const merged = mergeDocuments([one, other]);
  assert.deepEqual(merged.notes.map(({ id }) => id), ["a", "b", "c"]);
  assert.deepEqual([merged.labels, merged.title, merged.pinned], [{ map: "Harbour" }, "Final", false]);
  assert.deepEqual(mergeDocuments([]), { notes: [], clips: [], labels: {}, title: null, pinned: false });
});

test("a clip of two views is two clips, the newest first", () => {
  const clip = (id, view, s) => ({ id, view, from: iso(s), to: iso(s + 9), state: "ready" });
  const bobs = [clip("x", "bob", 1), clip("y", "bob", 5)];
  const merged = mergeDocuments([{ clips: [clip("x", "alice", 1)] }, { clips: bobs }]);
  assert.deepEqual(merged.clips.map(({ id, view }) => id + view), ["ybob", "xalice", "xbob"]);
});

test("what one has written or removed oneself counts before the server says so, and not twice after", () => {
  const clips = [{ id: "k", view: "a", from: iso(0) }];
  const merged = mergeDocuments([{ notes: [marker("b", 2), marker("c", 3)], clips }]);
  const own = withOwn(merged, { added: [marker("a", 1), marker("c", 3)], removed: new Set(["b", "k"]) });
  assert.deepEqual(own.notes.map(({ id }) => id), ["a", "c"]);
  assert.deepEqual(own.clips, []);
});

test("the list is filtered by words, in whatever case or with accents, by author, tag and view", () => {
  const notes = [
    marker("1", 1, { text: "Café flank", tag: "mistake" }),
    marker("2", 2, { author: "bob", text: "trade" }),
    marker("3", 3, { view: "bob", tag: "good" }),
  ];
  const ids = (filter) => filterNotes(notes, filter).map(({ id }) => id).join("");
  assert.equal(ids({}), "123");
  assert.equal(ids({ words: "cafe FLANK" }), "1");
  assert.equal(ids({ words: "#good" }), "3");
  assert.equal(ids({ author: "bob" }), "2");
  assert.equal(ids({ tag: "mistake" }), "1");
  assert.equal(ids({ view: "alice", words: "trade" }), "2");
  assert.equal(ids({ words: "nowhere" }), "");
  assert.deepEqual(choicesOf(notes), { authors: ["anna", "bob"], tags: ["good", "mistake"], views: ["alice", "bob"] });
});

test("the first #tag among the words is the marker's, and nothing is longer than the server takes", () => {
  assert.deepEqual(splitTag("lost the  site #mistake again"), { text: "lost the site again", tag: "mistake" });
  assert.deepEqual(splitTag("#good"), { text: "", tag: "good" });
  assert.deepEqual(splitTag("number#1 stays"), { text: "number#1 stays", tag: "" });
  assert.equal(splitTag("x".repeat(400)).text.length, 280);
  assert.equal(splitTag(`a #${"y".repeat(40)}`).tag.length, 24);
  assert.deepEqual(markerNote({ view: "alice", wall: T + 0.4, words: "hi" }), {
    kind: "marker",
    view: "alice",
    time: "2026-11-22T20:00:00.000Z",
    text: "hi",
    tag: "",
  });
});

test("a round and a clip say their moments to the millisecond", () => {
  assert.deepEqual(roundNote({ view: "alice", wall: T + 1234.4 }), {
    kind: "round",
    view: "alice",
    time: "2026-11-22T20:00:01.234Z",
    text: "",
  });
  const note = clipNote({ views: ["a", "b"], from: T, to: T + 2000, title: "  Ace  " });
  assert.deepEqual(note, { kind: "clip", views: ["a", "b"], from: iso(0), to: iso(2), title: "Ace" });
});

test("only labels that have changed are written, an emptied one too, and none when nothing has", () => {
  const before = { opponent: "Foxes", map: "Harbour", tags: ["bo3"] };
  const same = { opponent: "Foxes", map: "Harbour", result: "", patch: "", tags: ["bo3"] };
  const note = (after) => labelNote({ view: "a", wall: T, before, after: { ...same, ...after } });
  assert.equal(note({}), null);
  const own = { kind: "label", view: "a", time: iso(0) };
  assert.deepEqual(note({ map: "", result: "13:9" }), { ...own, map: "", result: "13:9" });
  assert.deepEqual(note({ tags: [] }), { ...own, tags: [] });
});

test("tags are read as people type them: with or without #, each once, at most twelve", () => {
  assert.deepEqual(readTags(" scrim, #ranked  ##bo3 scrim,"), ["scrim", "ranked", "bo3"]);
  assert.equal(readTags(Array.from({ length: 20 }, (_, i) => `t${i}`).join(" ")).length, 12);
  assert.deepEqual(readTags(""), []);
});

test("an ID is sixteen hexadecimal digits, its zeros included", () => {
  assert.equal(newId((bytes) => bytes.fill(10)), "0a0a0a0a0a0a0a0a");
  assert.equal(newId((bytes) => bytes), "0000000000000000");
});
