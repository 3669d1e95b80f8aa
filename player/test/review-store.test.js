import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { createStore } from "../site/assets/review-store.js";

const iso = (s) => new Date(Date.parse("2026-11-22T20:00:00.000Z") + s * 1000).toISOString();
const marker = (id, s, view = "alice") => ({ id, author: "anna", kind: "marker", view, time: iso(s), text: "" });
const ids = ({ view }) => view.notes.map(({ id }) => id).join("");

function makeStore(common = (wall) => wall) {
  const told = { changes: 0, refused: [] };
  const store = createStore({
    common,
    onChange: () => (told.changes += 1),
    onRefused: ({ id }) => told.refused.push(id),
  });
  return { store, told };
}

test("while live becomes a replay, what was marked stays until the replay's own document is there", () => {
  const { store } = makeStore();
  store.follow(["/live.json"]);
  store.set("/live.json", { notes: [marker("a", 1)] });
  store.follow(["/replay.json"]);
  assert.equal(ids(store), "a");
  store.set("/replay.json", { notes: [marker("a", 1), marker("b", 2)] });
  assert.equal(ids(store), "ab");
  store.set("/replay.json", {});
  assert.equal(ids(store), "", "and then it alone counts");
});

test("what one has written shows at once, and goes with a word when the server sets it aside", (context) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  context.after(() => mock.timers.reset());
  const { store, told } = makeStore();
  store.follow(["/r.json"]);
  store.add(marker("a", 1));
  store.add(marker("b", 2));
  assert.equal(ids(store), "ab");
  store.set("/r.json", { notes: [marker("a", 1)] });
  assert.equal(ids(store), "ab");
  mock.timers.tick(30000);
  assert.equal(ids(store), "a");
  assert.deepEqual(told.refused, ["b"]);
});

test("what one takes back is gone at once, and is back when the server does not take it", () => {
  const { store } = makeStore();
  store.follow(["/r.json"]);
  store.set("/r.json", { notes: [marker("a", 1), marker("b", 2)] });
  store.remove("a");
  assert.equal(ids(store), "b");
  store.restore("a");
  assert.equal(ids(store), "ab");
});

test("notes of aligned views stand in the order of the one clock, and rounds count by it", () => {
  // Bob's clock is ten seconds late.
  const { store } = makeStore((wall, view) => (view === "bob" ? wall - 10000 : wall));
  store.follow(["/a.json", "/b.json"]);
  store.set("/a.json", { notes: [marker("a", 5)] });
  store.set("/b.json", { notes: [marker("b", 12, "bob"), { ...marker("r", 11, "bob"), kind: "round" }] });
  assert.equal(ids(store), "rba");
  assert.equal(store.view.rounds[0].wall, Date.parse(iso(1)));
});

test("what was marked at the very moment at which a round begins stands below it", () => {
  const { store } = makeStore();
  store.follow(["/r.json"]);
  store.set("/r.json", { notes: [marker("a", 1), { ...marker("r", 1), kind: "round" }, marker("b", 0)] });
  assert.equal(ids(store), "bra");
});

test("following the same documents is no change", () => {
  const { store, told } = makeStore();
  store.follow(["/r.json"]);
  const { changes } = told;
  store.follow(["/r.json"]);
  assert.equal(told.changes, changes);
});
