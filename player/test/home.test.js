import assert from "node:assert/strict";
import { test } from "node:test";

import { fold } from "../site/assets/fold.js";
import { clipView, isWanted } from "../site/assets/home-clips.js";
import { filterQuery, haystack, matcher, readFilter } from "../site/assets/home-filter.js";
import { cardsOf, choicesOf, liveSessions, replayLink } from "../site/assets/home-model.js";
import { cardView, sessionView } from "../site/assets/home-views.js";
import { text } from "../site/assets/text.js";
import {
  daysBetween,
  downloadName,
  fateText,
  makeFormats,
  searchDates,
  sinceText,
  sizeText,
  spokenLength,
  whenText,
} from "../site/assets/home-words.js";

// Local times: what is shown is the reader's own day, wherever the tests run.
const local = (...parts) => new Date(...parts).toISOString();
const NOW = new Date(2026, 10, 22, 13, 0).getTime();
const formats = makeFormats("en-GB");

const replay = (id, started, changes = {}) => ({
  id,
  title: `Title of ${id}`,
  file: `${id}-${started}`,
  url: `/vod/recordings/${id}-${started}.mp4`,
  poster: `/vod/recordings/${id}-${started}.jpg`,
  started,
  duration: 3723,
  size: 850e6,
  group: "",
  match: "",
  pinned: false,
  expires: null,
  ...changes,
});
const stream = (id, state, started = null, group = "") => ({ id, title: id.toUpperCase(), group, state, started });
const index = (changes) => ({ streams: [], matches: [], replays: [], ...changes });
const keys = (cards) => cards.map(({ key }) => key);

const [T1, T2, T3] = [1, 2, 3].map((hour) => new Date(Date.UTC(2026, 0, 1, hour)).toISOString());

test("what is live comes by itself, what is recorded newest first", () => {
  const cards = cardsOf(index({
    streams: [stream("a", "live", T1), stream("b", "interrupted", T2), stream("c", "offline"), stream("d", "replay")],
    replays: [replay("d", T3), replay("c", T1)],
  }));
  assert.deepEqual(keys(cards.live), ["live:b", "live:a"]);
  assert.deepEqual(keys(cards.recorded), [`replay:d-${T3}`, `replay:c-${T1}`]);
});

test("a stream that is live wears the poster of its newest replay that has one", () => {
  const replays = [replay("a", T3, { poster: null }), replay("a", T2), replay("a", T1)];
  const { live } = cardsOf(index({ streams: [stream("a", "live", T3), stream("b", "live", T3)], replays }));
  assert.deepEqual(live.map(({ sessions: [{ poster }] }) => poster), [`/vod/recordings/a-${T2}.jpg`, null]);
});

test("who has just ended stays in sight until the replay is there", () => {
  const { live, recorded } = cardsOf(index({ streams: [stream("a", "processing", T3)], replays: [replay("a", T1)] }));
  assert.deepEqual(live, []);
  assert.deepEqual(keys(recorded), ["ending:a", `replay:a-${T1}`]);
  assert.equal(recorded[0].sessions[0].href, "/player?id=a");
});

const session = (id, started, ended, file = `${id}-${started}`) => ({ id, file, started, ended, alignment_ms: 0 });

test("a match is one card with its sessions inside, and they are nowhere else", () => {
  const match = { id: "blue-1", group: "blue", started: T1, sessions: [session("a", T1, T2), session("b", T1, T3)] };
  const replays = [replay("a", T1, { match: "blue-1" }), replay("b", T1, { match: "blue-1" }), replay("c", T3)];
  const { live, recorded } = cardsOf(index({ matches: [match], replays }));
  assert.deepEqual(live, []);
  assert.deepEqual(keys(recorded), [`replay:c-${T3}`, "match:blue-1"]);
  const [, { sessions, title }] = recorded;
  assert.equal(title, "blue");
  assert.deepEqual(sessions.map(({ href }) => href), [
    `/player?id=a&rec=${encodeURIComponent(`a-${T1}`)}`,
    `/player?id=b&rec=${encodeURIComponent(`b-${T1}`)}`,
  ]);
});

test("a match has a link to all its views side by side", () => {
  const match = { id: "blue-1", group: "blue", started: T1, sessions: [session("a", T1, T2), session("b", T1, T3)] };
  const [card] = cardsOf(index({ matches: [match], replays: [replay("a", T1), replay("b", T1)] })).recorded;
  assert.equal(cardView(card, NOW, formats).href, "/player?match=blue-1");
});

test("a match that goes on is live, its sessions linked to what each is now", () => {
  const match = {
    id: "blue-1",
    group: "blue",
    started: T1,
    sessions: [session("a", T1, null), session("b", T1, T2), session("c", T1, T2)],
  };
  const streams = [stream("a", "live", T1), stream("b", "processing", T1), stream("c", "replay")];
  const { live, recorded } = cardsOf(index({ streams, matches: [match], replays: [replay("c", T1)] }));
  assert.deepEqual(keys(live), ["match:blue-1"]);
  assert.deepEqual(recorded, []);
  assert.deepEqual(live[0].sessions.map(({ state }) => state), ["live", "processing", "replay"]);
  assert.deepEqual(live[0].sessions.map(({ href }) => href).slice(0, 2), ["/player?id=a", "/player?id=b"]);
  assert.deepEqual(liveSessions(live).map(({ id }) => id), ["a"]);
});

test("a stream whose earlier session waits in a match and that is live again is shown as both", () => {
  const match = { id: "blue-1", group: "blue", started: T1, sessions: [session("a", T1, T2), session("b", T1, T2)] };
  const { live, recorded } = cardsOf(index({ streams: [stream("a", "live", T3)], matches: [match] }));
  assert.deepEqual(keys(live), ["live:a"]);
  assert.deepEqual(keys(recorded), ["match:blue-1"]);
});

test("streams that are declared no more can still be filtered by", () => {
  const choices = choicesOf(index({
    streams: [stream("b", "offline", null, "red"), stream("a", "live", T1)],
    replays: [replay("gone", T1, { group: "blue" })],
  }));
  const streams = [["a", "A"], ["b", "B"], ["gone", "gone"]];
  assert.deepEqual(choices, { streams, groups: ["blue", "red"], labels: [] });
});

test("a replay's link names its stream and its file", () => {
  assert.equal(replayLink({ id: "a", file: "a-20260101T010000Z" }), "/player?id=a&rec=a-20260101T010000Z");
});

test("the address and the filter say the same", () => {
  for (const filter of [
    { words: "", stream: "", group: "", label: "" },
    { words: "ana & ben #scrim +1", stream: "match123", group: "blue team", label: "map:Old Harbour & #2" },
  ]) {
    assert.deepEqual(readFilter(filterQuery(filter)), filter);
  }
  assert.equal(filterQuery({ words: "  ", stream: "", group: "", label: "" }), "");
  assert.deepEqual(readFilter("?other=1"), { words: "", stream: "", group: "", label: "" });
});

const cards = cardsOf(index({
  replays: [
    replay("ana", local(2026, 10, 20, 20, 15), { title: "Öresund vs Ana #scrim", group: "blue" }),
    replay("match123", local(2026, 9, 4, 9, 5), { title: "Review <b>" }),
  ],
})).recorded;
const hay = (card) => haystack(card, (iso) => searchDates(iso, formats));
const matching = (filter) => matcher({ words: "", stream: "", group: "", label: "", ...filter }, hay);
const found = (filter) => cards.filter(matching(filter)).map(({ sessions: [{ id }] }) => id);

test("words are found in titles, tags, names and dates, all of them, however they are written", () => {
  assert.deepEqual(found({}), ["ana", "match123"]);
  const ana = ["oresund", "ÖRESUND", "#scrim", "#scr", "ana scrim", "2026-11-20", "20.11.2026", "nov 20", "friday"];
  for (const words of ana) {
    assert.deepEqual(found({ words }), ["ana"], words);
  }
  const match = ["<B>", "MATCH123", "2026-10", "4.10.2026", "04.10.2026", "october", "04/10/2026", " review  sunday "];
  for (const words of match) {
    assert.deepEqual(found({ words }), ["match123"], words);
  }
  assert.deepEqual(found({ words: "ana review" }), []);
});

test("stream and group narrow the search", () => {
  assert.deepEqual(found({ stream: "match123" }), ["match123"]);
  assert.deepEqual(found({ group: "blue" }), ["ana"]);
  assert.deepEqual(found({ group: "blue", stream: "match123" }), []);
  assert.deepEqual(found({ group: "blue", words: "scrim" }), ["ana"]);
});

test("a match is found by any of its sessions", () => {
  const match = { id: "blue-1", group: "blue", started: T1, sessions: [session("a", T1, T2), session("b", T1, T2)] };
  const [card] = cardsOf(index({ matches: [match], replays: [replay("a", T1), replay("b", T1)] })).recorded;
  const wanted = (filter) => matcher({ words: "", stream: "", group: "", label: "", ...filter }, hay)(card);
  assert.ok(wanted({ stream: "b" }));
  assert.ok(wanted({ words: "title of a" }));
  assert.ok(wanted({ words: "blue-1" }));
  assert.ok(!wanted({ stream: "c" }));
});

test("letters are compared without case and marks", () => {
  assert.equal(fold("ÉÅß ﬁ"), "eaß fi");
});

test("days are counted by midnights of the reader, not by 24 hours", () => {
  assert.equal(daysBetween(new Date(2026, 10, 22, 23, 59), new Date(2026, 10, 23, 0, 1)), 1);
  assert.equal(daysBetween(new Date(2026, 10, 22, 0, 1), new Date(2026, 10, 22, 23, 59)), 0);
  assert.equal(daysBetween(new Date(2026, 2, 28, 12), new Date(2026, 2, 30, 12)), 2, "clocks change in between");
});

test("today and yesterday are called so, other days by their date", () => {
  assert.equal(whenText(local(2026, 10, 22, 9, 5), NOW, formats), "Today, 09:05");
  assert.equal(whenText(local(2026, 10, 21, 23, 5), NOW, formats), "Yesterday, 23:05");
  assert.match(whenText(local(2026, 10, 20, 20, 15), NOW, formats), /^Fri,? 20 Nov 2026, 20:15$/);
  assert.equal(sinceText(local(2026, 10, 22, 9, 5), NOW, formats), "Since 09:05");
  assert.equal(sinceText(local(2026, 10, 21, 23, 5), NOW, formats), "Since yesterday, 23:05");
});

test("a replay says when it goes", () => {
  const fate = (expires, pinned = false) => fateText({ pinned, expires }, NOW);
  assert.equal(fate(local(2026, 11, 22, 12, 0)), "Deleted in 30 days");
  assert.equal(fate(local(2026, 10, 23, 1, 0)), "Deleted tomorrow");
  assert.equal(fate(local(2026, 10, 22, 23, 0)), "Deleted today");
  assert.equal(fate(local(2026, 10, 20, 23, 0)), "Deleted today", "overdue: the next clean-up takes it");
  assert.equal(fate(null), "");
  assert.equal(fate(null, true), "Pinned");
  assert.equal(fate(local(2026, 11, 22, 12, 0), true), "Pinned");
});

test("sizes and lengths are said in words that people use", () => {
  assert.deepEqual([1, 12043264, 999.4e6, 1e9, 3.14e9].map(sizeText), ["1 MB", "12 MB", "999 MB", "1.0 GB", "3.1 GB"]);
  assert.deepEqual([7.4, 60, 3600, 7380].map(spokenLength), ["7 seconds", "1 minute", "1 hour", "2 hours 3 minutes"]);
});

test("a download has a name that every file system takes", () => {
  const started = local(2026, 0, 2, 3, 4);
  const named = (title) => downloadName({ id: "match123", title, started });
  assert.equal(named("Ana vs Ben #scrim"), "Ana vs Ben #scrim 2026-01-02 03-04.mp4");
  assert.equal(named("../../etc: <b>\"x\"\u0000?|*\\"), "etc b x 2026-01-02 03-04.mp4");
  assert.equal(named("Café 夜"), "Café 夜 2026-01-02 03-04.mp4");
  assert.equal(named(""), "match123 2026-01-02 03-04.mp4");
  assert.equal(named("..."), "match123 2026-01-02 03-04.mp4");
  assert.ok(named("x".repeat(500)).length < 130);
});

test("a card says what there is and nothing about what is not", () => {
  const [{ sessions: [recorded] }] = cards;
  const view = sessionView(recorded, NOW, formats);
  assert.equal(view.length, "1:02:03");
  assert.equal(view.spoken, "Length 1 hour 2 minutes");
  assert.equal(view.mark, "");
  assert.equal(view.download.words, "Download 850 MB");
  assert.ok(view.download.label.startsWith(view.download.words));
  assert.match(view.download.label, /Öresund/);
  const { live: [card] } = cardsOf(index({ streams: [stream("a", "live", local(2026, 10, 22, 12, 0))] }));
  const { sessions: [live] } = cardView(card, NOW, formats);
  assert.deepEqual([live.mark, live.when, live.length, live.download], [text.home.now, "Since 12:00", "", null]);
});

const LABELS = { opponent: "Blue Foxes", map: "Harbour", result: "", tags: ["bo3", "scrim"] };

test("what a team noted of a match or a recording is said, found and filtered by", () => {
  const match = { id: "blue-1", group: "blue", started: T1, labels: LABELS, sessions: [session("a", T1, T2)] };
  const given = index({ matches: [match], replays: [replay("a", T1), replay("b", T3, { labels: { map: "Dock" } })] });
  const { recorded: both } = cardsOf(given);
  const ids = (filter) =>
    both.filter(matcher({ words: "", stream: "", group: "", label: "", ...filter }, hay)).map(({ key }) => key);
  assert.deepEqual(ids({ label: "map:Harbour" }), ["match:blue-1"]);
  assert.deepEqual(ids({ label: "map:Dock" }), [`replay:b-${T3}`]);
  assert.deepEqual(ids({ label: "tag:Harbour" }), []);
  assert.deepEqual(ids({ words: "foxes #bo3" }), ["match:blue-1"]);
  assert.deepEqual(choicesOf(given).labels, [
    ["opponent", ["Blue Foxes"]],
    ["map", ["Dock", "Harbour"]],
    ["tag", ["bo3", "scrim"]],
  ]);
  const chips = cardView(both.find(({ kind }) => kind === "match"), NOW, formats).chips;
  assert.deepEqual(chips.map(({ words }) => words), ["vs Blue Foxes", "Harbour", "#bo3", "#scrim"]);
  assert.equal(chips[1].label, "map:Harbour");
});

const CLIP = {
  file: "a-20260101-030000-0123456789abcdef",
  url: "/vod/clips/a-20260101-030000-0123456789abcdef.mp4",
  poster: null,
  title: "Ace: the flank",
  author: "bob",
  view: "a",
  match: "",
  from: T3,
  to: T3,
  duration: 12.4,
  size: 5e6,
};

test("a clip says whose it is, how long, where it is from, and has a link of its own", () => {
  const view = clipView(CLIP, new Map([["a", "Anna"]]), NOW, formats);
  assert.deepEqual([view.by, view.length, view.size], ["bob · Anna", "0:12", "5 MB"]);
  assert.equal(view.href, "/?clip=a-20260101-030000-0123456789abcdef");
  assert.equal(view.place, `/player?id=a&t=${T3}`);
  assert.match(view.name, /^Ace the flank .*\.mp4$/);
});

test("a clip is found by its title, author and stream; labels and groups are recordings'", () => {
  const view = clipView(CLIP, new Map([["a", "Anna"]]), NOW, formats);
  const wanted = (filter) => isWanted(CLIP, view, { words: "", stream: "", group: "", label: "", ...filter });
  assert.ok(wanted({ words: "flank BOB" }) && wanted({ stream: "a" }) && wanted({ words: "anna" }));
  assert.ok(!wanted({ words: "nowhere" }) && !wanted({ stream: "b" }) && !wanted({ label: "map:x" }));
});
