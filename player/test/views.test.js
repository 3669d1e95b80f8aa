import assert from "node:assert/strict";
import { test } from "node:test";

import { beyondHole, isBuffered, rangesOf } from "../site/assets/buffered.js";
import { fragmentSpans, replaySpans } from "../site/assets/clock.js";
import { readViews, viewsLink } from "../site/assets/link.js";
import { isOver, pressed } from "../site/assets/loop.js";
import { offsetsOf } from "../site/assets/views-alignment.js";
import { nextMove, restMove } from "../site/assets/views-follow.js";
import { VIEW_KEYS, viewActionOf } from "../site/assets/views-keys.js";
import { chooseLeader } from "../site/assets/views-leader.js";
import { covers, joined, nextStart, piecesOf, placeOf, timeAt } from "../site/assets/views-rows.js";
import {
  findMatch,
  itemAt,
  itemsOf,
  matchRange,
  olderReplays,
  sittingRange,
  streamsOf,
  within,
} from "../site/assets/views-sitting.js";
import { swipeOf } from "../site/assets/views-swipe.js";
import { equalTiles, oneLarge } from "../site/assets/views-tiles.js";
import { text } from "../site/assets/text.js";
import { moved, transformOf, WHOLE, zoomed } from "../site/assets/zoom.js";

const EPOCH = Date.parse("2026-11-22T19:00:00.000Z");
const iso = (ms) => new Date(EPOCH + ms).toISOString();

// ------------------------------------------------------------------------------------------------------- the link

test("a link names several streams, a match, or one stream, which is none of this page's affairs", () => {
  assert.deepEqual(readViews("?id=alice,bob"), { match: null, ids: ["alice", "bob"], moment: null });
  assert.deepEqual(readViews("?id=alice,,bob,alice").ids, ["alice", "bob"]);
  assert.deepEqual(readViews("?match=final-20261122T190000Z").match, "final-20261122T190000Z");
  assert.deepEqual(readViews("?match=final&t=90").moment, { offset: 90 });
  assert.equal(readViews("?id=alice"), null);
  assert.equal(readViews("?id=alice,alice"), null);
  assert.equal(readViews(""), null);
  assert.deepEqual(readViews("?id=alice,../x"), { problem: "malformed" });
  assert.deepEqual(readViews("?match=Final%20One"), { problem: "malformedMatch" });
});

test("a link to a moment of several views opens the same views", () => {
  const address = viewsLink({ match: null, ids: ["alice", "bob"] }, EPOCH + 0.4);
  assert.equal(address, "/player?id=alice,bob&t=2026-11-22T19:00:00.000Z");
  assert.deepEqual(readViews(address.slice(7)), { match: null, ids: ["alice", "bob"], moment: { wall: EPOCH } });
  assert.equal(viewsLink({ match: "final", ids: [] }), "/player?match=final");
});

// ------------------------------------------------------------------------------------------------- keeping in step

const CLOCK = { position: 100, rate: 1 };
const view = (off, more = {}) => ({
  position: 100 + off,
  paused: false,
  busy: false,
  error: off,
  settled: true,
  near: true,
  lead: 0.5,
  ...more,
});

test("a view in step plays at the speed of all, one beside it a little quicker or slower, a tenth at most", () => {
  assert.deepEqual(nextMove(CLOCK, view(0.01)), { do: "rate", to: 1 });
  assert.deepEqual(nextMove(CLOCK, view(0.04)), { do: "rate", to: 0.92 });
  assert.deepEqual(nextMove(CLOCK, view(-0.04)), { do: "rate", to: 1.08 });
  assert.deepEqual(nextMove(CLOCK, view(-0.2)), { do: "rate", to: 1.1 });
  assert.deepEqual(nextMove({ position: 100, rate: 0.5 }, view(-0.02)), { do: "rate", to: 0.52 });
  assert.deepEqual(nextMove(CLOCK, view(0.2, { settled: false })), { do: "wait" });
});

test("a view far behind seeks to where all will be then, one far ahead waits for them", () => {
  assert.deepEqual(nextMove(CLOCK, view(-0.5)), { do: "seek", to: 100.5 });
  assert.deepEqual(nextMove(CLOCK, view(-0.5, { near: false })), { do: "rate", to: 1.1 });
  assert.deepEqual(nextMove(CLOCK, view(-1.5, { near: false })), { do: "seek", to: 100.5 });
  assert.deepEqual(nextMove(CLOCK, view(1.5)), { do: "pause" });
  assert.deepEqual(nextMove(CLOCK, view(30)), { do: "seek", to: 100.5 });
  assert.deepEqual(nextMove(CLOCK, view(-9, { busy: true })), { do: "wait" });
});

test("a view that stands ahead of its turn begins when it comes, one that has missed it seeks", () => {
  const standing = (off) => view(off, { paused: true });
  assert.deepEqual(nextMove(CLOCK, standing(0.4)), { do: "wait" });
  assert.deepEqual(nextMove(CLOCK, standing(0.05)), { do: "play" });
  assert.deepEqual(nextMove(CLOCK, standing(-0.1)), { do: "play" });
  assert.deepEqual(nextMove(CLOCK, standing(-0.2)), { do: "seek", to: 100.5 });
  assert.deepEqual(nextMove(CLOCK, standing(-2)), { do: "seek", to: 100.5 });
});

test("the view that is heard is never played quicker or slower: it is in step or it seeks", () => {
  for (const off of [-0.05, 0.05, 0.03]) {
    assert.deepEqual(nextMove(CLOCK, view(off), { heard: true }), { do: "wait" });
  }
  assert.deepEqual(nextMove(CLOCK, view(-0.2), { heard: true }), { do: "seek", to: 100.5 });
  assert.deepEqual(nextMove(CLOCK, view(0.2), { heard: true }), { do: "pause" });
});

test("the controller brings a view that drifts and starts late in step and keeps it there", () => {
  // A publisher's clock 100 ppm quick, a start a quarter of a second late, looked at ten times a second.
  let position = -0.24;
  let rate = 1;
  let errors = [];
  const worst = [];
  for (let tick = 0; tick < 600; tick += 1) {
    const wanted = tick * 0.1;
    const noise = ((tick * 7919) % 13) / 1000 - 0.006;
    errors = errors.concat(position - wanted + noise).slice(-4);
    const error = errors.reduce((sum, one) => sum + one, 0) / errors.length;
    const seen = { position: position + noise, paused: false, busy: false, error, settled: errors.length >= 4 };
    const move = nextMove({ position: wanted, rate: 1 }, { ...seen, near: true, lead: 0.5 });
    if (move.do === "rate" && move.to !== rate) {
      rate = move.to;
      errors = [];
    }
    position += 0.1 * rate * 1.0001;
    worst.push(Math.abs(position - wanted - 0.1));
  }
  assert.ok(Math.max(...worst.slice(100)) < 0.04, String(Math.max(...worst.slice(100))));
});

test("a hole before what is loaded is passed over, where nothing is near nothing is", () => {
  const ranges = [[0, 4], [4.1, 9], [20, 30]];
  assert.equal(beyondHole(ranges, 3), 3);
  assert.ok(Math.abs(beyondHole(ranges, 4.05) - 4.11) < 1e-9);
  assert.equal(beyondHole(ranges, 15), 15);
  assert.equal(beyondHole([], 15), 15);
  assert.deepEqual([isBuffered(ranges, 4), isBuffered(ranges, 4.1)], [false, true]);
  const buffered = { length: 2, start: (i) => [0, 5][i], end: (i) => [4, 9][i] };
  assert.deepEqual(rangesOf({ buffered }), [[0, 4], [5, 9]]);
});

test("while all stand, a view stands where it should, and is not sought again and again", () => {
  assert.deepEqual(restMove(10, { position: 10, paused: false, busy: false }), { do: "pause" });
  assert.deepEqual(restMove(10, { position: 10.2, paused: true, busy: false }), { do: "seek", to: 10 });
  assert.deepEqual(restMove(10, { position: 10.01, paused: true, busy: false }), { do: "wait" });
  assert.deepEqual(restMove(10, { position: 20, paused: true, busy: true }), { do: "wait" });
});

test("a view that has come to where it stands by playing is sought there once, so that its picture is certain", () => {
  assert.deepEqual(restMove(10, { position: 10, paused: true, busy: false, played: true }), { do: "seek", to: 10 });
  assert.deepEqual(restMove(10, { position: 10, paused: true, busy: false, played: false }), { do: "wait" });
  assert.deepEqual(restMove(10, { position: 10, paused: true, busy: true, played: true }), { do: "wait" });
});

// ------------------------------------------------------------------------------------------------------ who leads

const of = (id, more = {}) => ({ id, fit: true, due: true, off: 0, ...more });

test("the view that is heard leads", () => {
  const all = [of("a"), of("b")];
  assert.equal(chooseLeader(all, { heard: "b", leader: null, waited: 0 }), "b");
  assert.equal(chooseLeader(all, { heard: "b", leader: "a", waited: 0 }), "b");
});

test("where it stalls or has no pictures another leads at once, and it leads again when it has caught up", () => {
  const stalled = [of("a", { fit: false }), of("b", { off: 40 }), of("c", { off: -5 })];
  assert.equal(chooseLeader(stalled, { heard: "a", leader: "a", waited: 0 }), "c");
  assert.equal(chooseLeader(stalled, { heard: "a", leader: "b", waited: 0 }), "b");
  const behind = [of("a", { off: -2000 }), of("b")];
  assert.equal(chooseLeader(behind, { heard: "a", leader: "b", waited: 0 }), "b");
  assert.equal(chooseLeader([of("a", { off: -90 }), of("b")], { heard: "a", leader: "b", waited: 0 }), "a");
});

test("after a seek all wait for the one that is heard, though not for ever", () => {
  const all = [of("a", { fit: false }), of("b")];
  assert.equal(chooseLeader(all, { heard: "a", leader: null, waited: 200 }), null);
  assert.equal(chooseLeader(all, { heard: "a", leader: null, waited: 2000 }), "b");
  const gap = [of("a", { fit: false, due: false }), of("b")];
  assert.equal(chooseLeader(gap, { heard: "a", leader: null, waited: 0 }), "b");
  assert.equal(chooseLeader([of("a", { fit: false })], { heard: "a", leader: null, waited: 9000 }), null);
});

// -------------------------------------------------------------------------------------------- what belongs together

const session = (id, start, end) => ({
  ...{ id, file: `${id}-${start}`, started: iso(start), ended: end === null ? null : iso(end), alignment_ms: 0 },
});
const MATCHES = [
  { id: "final-1", group: "final", started: iso(0), sessions: [session("bob", 0, 5000), session("alice", 1000, 6000)] },
  { id: "final-2", group: "final", started: iso(90000), sessions: [session("bob", 90000, null)] },
];
const STREAMS = ["alice", "bob", "carol"].map((id) => ({ id, group: "final" }));

test("a match is found by its name, or as its group's newest", () => {
  assert.equal(findMatch(MATCHES, "final-1").id, "final-1");
  assert.equal(findMatch(MATCHES, "final").id, "final-2");
  assert.equal(findMatch(MATCHES, "cup"), null);
});

test("a match's views come in the order of the server's list, and a group without a match waits with all", () => {
  assert.deepEqual(streamsOf({ streams: STREAMS, matches: MATCHES }, "final-1"), ["alice", "bob"]);
  assert.deepEqual(streamsOf({ streams: STREAMS.slice(1), matches: MATCHES }, "final-1"), ["bob", "alice"]);
  assert.deepEqual(streamsOf({ streams: STREAMS, matches: [] }, "final"), ["alice", "bob", "carol"]);
  assert.deepEqual(streamsOf({ streams: STREAMS, matches: [] }, "cup"), []);
});

test("a match goes from its first beginning to its last end, and has none while it goes on", () => {
  assert.deepEqual(matchRange(MATCHES[0]), [EPOCH, EPOCH + 6000]);
  assert.deepEqual(matchRange(MATCHES[1]), [EPOCH + 90000, Infinity]);
  assert.equal(matchRange(null), null);
});

const replay = (id, start, seconds) => ({
  file: `${id}-${start}`,
  url: `/${id}-${start}.mp4`,
  playlist: `/${id}-${start}.m3u8`,
  started: iso(start),
  duration: seconds,
  parts: [{ started: iso(start), offset: 0, duration: seconds, clock: [[0, iso(start)]] }],
});
const state = (id, replays, live = null) => ({
  ...{ id, state: live ? "live" : "replay", updated: iso(0), replays },
  live: live === null ? null : { playlist: `/hls/${id}.m3u8`, started: iso(live), window: 600, offset_ms: 0 },
});
const items = (document) => itemsOf(document, {});

test("a stream's recordings have their times, moved by their alignment; what is live has no end", () => {
  const aligned = (target) => (target.replay ? 500 : 0);
  const [live, old] = itemsOf(state("a", [replay("a", 0, 10)], 60000), { moved: aligned });
  assert.deepEqual([live.from, live.to], [EPOCH + 60000, Infinity]);
  assert.deepEqual([old.from, old.to], [EPOCH + 500, EPOCH + 10500]);
});

test("without a match, what is live or newest is watched, with all that overlaps it; a moment picks its own", () => {
  const all = [
    ...items(state("a", [replay("a", 0, 10), replay("a", 100000, 50)])),
    ...items(state("b", [replay("b", 5000, 20), replay("b", 140000, 30)])),
    ...items(state("c", [replay("c", 24000, 5), replay("c", 160000, 30)])),
  ];
  assert.deepEqual(sittingRange(all), { from: EPOCH + 100000, to: EPOCH + 190000 });
  assert.deepEqual(sittingRange(all, EPOCH + 1000), { from: EPOCH, to: EPOCH + 29000 });
  assert.deepEqual(sittingRange([...all, ...items(state("d", [], 500000))]), { from: EPOCH + 500000, to: Infinity });
  assert.equal(sittingRange([]), null);
  assert.equal(within(all, { from: EPOCH, to: EPOCH + 29000 }).length, 3);
  assert.deepEqual(within(all, null), []);
});

test("a time is shown by the recording that holds it; what is on screen goes on as long as it does", () => {
  const all = items(state("a", [replay("a", 60000, 10), replay("a", 0, 10)]));
  assert.equal(itemAt(all, EPOCH + 5000).target.url, "/a-0.mp4");
  assert.equal(itemAt(all, EPOCH + 65000).target.url, "/a-60000.mp4");
  assert.equal(itemAt([], EPOCH), null);
});

test("replays of a match that a stream's own document lists no more come from the index, with their alignment", () => {
  const index = { replays: [{ file: "bob-0", url: "/b" }, { file: "alice-1000", url: "/a" }] };
  assert.deepEqual(olderReplays(index, MATCHES[0], "bob", []), [{ file: "bob-0", url: "/b", alignment_ms: 0 }]);
  assert.deepEqual(olderReplays(index, MATCHES[0], "bob", ["bob-0"]), []);
  assert.deepEqual(olderReplays(index, null, "bob", []), []);
});

// ------------------------------------------------------------------------------------------------------ time bar

test("a row has a piece for each part, and a gap where nothing was sent", () => {
  const spans = [[EPOCH + 60000, EPOCH + 90000], [EPOCH, EPOCH + 30000], [EPOCH + 30200, EPOCH + 45000]];
  assert.deepEqual(joined(spans), [[EPOCH, EPOCH + 45000], [EPOCH + 60000, EPOCH + 90000]]);
  const pieces = piecesOf(spans, { from: EPOCH, to: EPOCH + 90000 });
  assert.deepEqual(pieces.map(({ left, width }) => [left, width]), [[0, 0.5], [60 / 90, 30 / 90]]);
  assert.deepEqual(piecesOf(spans, { from: EPOCH + 45000, to: EPOCH + 60000 }), []);
});

test("places on the bar and times are each other's inverse, and beside the bar there is no place", () => {
  const range = { from: EPOCH, to: EPOCH + 10000 };
  assert.equal(placeOf(EPOCH + 2500, range), 0.25);
  assert.equal(timeAt(0.25, range), EPOCH + 2500);
  assert.equal(timeAt(7, range), EPOCH + 10000);
  assert.equal(placeOf(EPOCH - 1, range), null);
  assert.equal(placeOf(EPOCH, { from: EPOCH, to: EPOCH }), null);
});

test("a gap is known as one, and where pictures go on", () => {
  const spans = [[0, 10], [20, 30]];
  assert.deepEqual([5, 15, 30].map((time) => covers(spans, time)), [true, false, false]);
  assert.equal(covers(spans, 19, 2), true);
  assert.deepEqual([nextStart(spans, 15), nextStart(spans, 25)], [20, null]);
});

test("the parts of a playlist and of a replay are the times of which there are pictures", () => {
  const late = (i) => (i > 1 ? 60000 : 0);
  const url = (i) => `a-${EPOCH + i * 1000 + late(i)}.ts`;
  const list = [0, 1, 2, 3].map((i) => ({ start: i, duration: 1, cc: late(i), url: url(i) }));
  assert.deepEqual(fragmentSpans(list), [[EPOCH, EPOCH + 2000], [EPOCH + 62000, EPOCH + 64000]]);
  assert.deepEqual(fragmentSpans([]), []);
  assert.deepEqual(replaySpans(replay("a", 0, 10)), [[EPOCH, EPOCH + 10000]]);
  assert.deepEqual(replaySpans({ started: iso(0), duration: 5 }), [[EPOCH, EPOCH + 5000]]);
});

// ------------------------------------------------------------------------------------------------- layout and keys

const inside = ({ width, height }) => (tile) =>
  tile.left >= 0 && tile.top >= 0 && tile.left + tile.width <= width + 1 && tile.top + tile.height <= height + 1;
const apart = (tiles) =>
  tiles.every((one, i) =>
    tiles.slice(i + 1).every(
      (other) =>
        one.left + one.width <= other.left ||
        other.left + other.width <= one.left ||
        one.top + one.height <= other.top ||
        other.top + other.height <= one.top,
    ),
  );

test("views of one size fill the window as well as they can, and none covers another", () => {
  for (const size of [{ width: 1264, height: 560 }, { width: 800, height: 900 }, { width: 2500, height: 700 }]) {
    for (let count = 1; count <= 9; count += 1) {
      const tiles = equalTiles(count, size);
      assert.equal(tiles.length, count);
      assert.ok(tiles.every(inside(size)) && apart(tiles), `${count} in ${size.width}`);
    }
  }
  assert.equal(equalTiles(5, { width: 1264, height: 560 })[0].width, 417);
});

test("one large view leaves room for the others, which stay in their order", () => {
  for (const size of [{ width: 1264, height: 560 }, { width: 800, height: 900 }]) {
    for (let count = 2; count <= 9; count += 1) {
      const tiles = oneLarge(count, 1, size);
      assert.ok(tiles.every(inside(size)) && apart(tiles), `${count} in ${size.width}`);
      assert.ok(tiles.every((tile, i) => i === 1 || tile.width < tiles[1].width));
      assert.ok(tiles[1].width > equalTiles(count, size)[0].width || count === 2, `${count} in ${size.width}`);
    }
  }
});

test("digits look at a view, with shift they give it the sound, wherever the layout has put the signs", () => {
  assert.deepEqual(viewActionOf({ key: "3", code: "Digit3" }), { does: "focusView", by: 3 });
  assert.deepEqual(viewActionOf({ key: "!", code: "Digit1", shiftKey: true }), { does: "hearView", by: 1 });
  assert.deepEqual(viewActionOf({ key: "&", code: "Digit1" }), { does: "focusView", by: 1 });
  assert.equal(viewActionOf({ key: "1", code: "Digit1", ctrlKey: true }), null);
  assert.equal(viewActionOf({ key: "1", code: "Digit1" }, "field"), null);
  assert.equal(viewActionOf({ key: "1", code: "Digit1", repeat: true }), null);
  assert.deepEqual(viewActionOf({ key: "b" }), { does: "loop", by: undefined });
  assert.deepEqual(viewActionOf({ key: "j" }), { does: "seekBy", by: -10 });
  assert.equal(viewActionOf({ key: "0", code: "Digit0" }), null);
});

test("no key of this page is meant twice, and the sheet has words for each", () => {
  const keys = VIEW_KEYS.flatMap((one) => one.keys);
  assert.equal(new Set(keys).size, keys.length);
  VIEW_KEYS.forEach(({ does, group }) => assert.ok(text.keys[does] && text.keyGroups[group], does));
});

test("a finger that goes sideways means the next view, one that goes up or hardly moves does not", () => {
  assert.deepEqual([swipeOf(-80, 10), swipeOf(80, 10), swipeOf(-20, 0), swipeOf(-60, 50)], [1, -1, 0, 0]);
});

// ------------------------------------------------------------------------------------------- loop, zoom, alignment

const NONE = { from: null, to: null };

test("three presses make a loop and take it away, in whatever order its ends come", () => {
  const begun = pressed(NONE, 5000);
  assert.deepEqual(begun, { from: 5000, to: null });
  assert.deepEqual(pressed(begun, 9000), { from: 5000, to: 9000 });
  assert.deepEqual(pressed(begun, 1000), { from: 1000, to: 5000 });
  assert.deepEqual(pressed(begun, 5100), NONE);
  assert.deepEqual(pressed({ from: 5000, to: 9000 }, 7000), NONE);
  const loops = [{ from: 1, to: 9 }, { from: 1, to: null }, NONE];
  assert.deepEqual(loops.map((one) => isOver(one, 9)), [true, false, false]);
});

test("the picture grows around the pointer and never shows what is beside it", () => {
  const twice = zoomed(WHOLE, 2);
  assert.deepEqual(twice, { scale: 2, x: 0.5, y: 0.5 });
  assert.deepEqual(zoomed(WHOLE, 2, 0, 0), { scale: 2, x: 0.25, y: 0.25 });
  assert.deepEqual(zoomed(twice, 0.01), WHOLE);
  assert.deepEqual(moved(twice, 1, 0), { scale: 2, x: 0.25, y: 0.5 });
  assert.equal(transformOf(WHOLE), "");
  assert.equal(transformOf({ scale: 2, x: 0.25, y: 0.5 }), "translate(50.000%, 0.000%) scale(2.0000)");
});

test("aligned, the moments on which the views were paused are one, and the view that is heard stays", () => {
  const moments = { a: EPOCH + 700, b: EPOCH, c: EPOCH + 1000 };
  assert.deepEqual(offsetsOf(moments, {}, "b"), { a: -700, b: 0, c: -1000 });
  assert.deepEqual(offsetsOf(moments, { b: 250 }, "b"), { a: -450, b: 250, c: -750 });
  assert.equal(offsetsOf({ a: EPOCH, b: EPOCH + 4000000 }, {}, "a"), null);
});
