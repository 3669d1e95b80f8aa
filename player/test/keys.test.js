import assert from "node:assert/strict";
import { test } from "node:test";

import { actionOf, KEYS } from "../site/assets/keys.js";
import { text } from "../site/assets/text.js";

const press = (key, more = {}, focus = "") => actionOf({ key, ...more }, focus);

test("every key does what players and editors have taught people", () => {
  const expected = {
    j: ["seekBy", -10],
    l: ["seekBy", 10],
    k: ["toggle", undefined],
    " ": ["toggle", undefined],
    ",": ["stepBy", -1],
    ".": ["stepBy", 1],
    ArrowLeft: ["seekBy", -5],
    ArrowRight: ["seekBy", 5],
    ArrowUp: ["volumeBy", 0.05],
    ArrowDown: ["volumeBy", -0.05],
    0: ["seekToTenth", 0],
    9: ["seekToTenth", 9],
    Home: ["seekToStart", undefined],
    End: ["seekToEnd", undefined],
    f: ["fullscreen", undefined],
    m: ["mute", undefined],
    p: ["pictureInPicture", undefined],
    b: ["loop", undefined],
    c: ["copyLink", undefined],
    "?": ["sheet", undefined],
    "<": ["speedBy", -1],
    ">": ["speedBy", 1],
  };
  Object.entries(expected).forEach(([key, [does, by]]) => assert.deepEqual(press(key), { does, by }, key));
  assert.deepEqual(press("J"), press("j"), "with Caps Lock too");
});

test("other keys, and those of the browser, are left alone", () => {
  assert.equal(press("x"), null);
  assert.equal(press("Tab"), null);
  assert.equal(press("Escape"), null);
  ["ctrlKey", "altKey", "metaKey"].forEach((modifier) => {
    ["f", "c"].forEach((key) => assert.equal(press(key, { [modifier]: true }), null, `${modifier} ${key}`));
  });
});

test("brackets that a keyboard has with AltGr only are brackets", () => {
  [{ altKey: true, ctrlKey: true }, { altKey: true }, {}].forEach((modifiers) => {
    assert.deepEqual(press("[", modifiers), { does: "review", by: "clipFrom" });
    assert.deepEqual(press("]", modifiers), { does: "review", by: "clipTo" });
  });
  assert.equal(press("[", { metaKey: true }), null, "a browser's own: back");
  assert.equal(press("[", { ctrlKey: true }), null);
});

test("the keys of a review are its own", () => {
  const by = { n: "mark", Enter: "cut", s: "frame", d: "draw", r: "panel" };
  Object.entries(by).forEach(([key, what]) => assert.deepEqual(press(key), { does: "review", by: what }, key));
  assert.equal(press("Enter", {}, "button"), null, "a button's own");
});

test("who types types, and a focused control keeps the keys that work it", () => {
  KEYS.forEach(({ keys }) => keys.forEach((key) => assert.equal(press(key, {}, "field"), null)));
  assert.equal(press(" ", {}, "button"), null);
  assert.equal(press("k", {}, "button").does, "toggle");
  assert.equal(press("ArrowUp", {}, "range"), null);
  assert.equal(press("l", {}, "range").does, "seekBy");
});

test("a key that is held down seeks and steps on, and switches once", () => {
  assert.equal(press("l", { repeat: true }).does, "seekBy");
  assert.equal(press(".", { repeat: true }).does, "stepBy");
  ["f", "m", "p", "c", "k", "?", ">"].forEach((key) => assert.equal(press(key, { repeat: true }), null, key));
});

test("no key is meant twice, and the sheet has words for each", () => {
  const all = KEYS.flatMap(({ keys }) => keys);
  assert.equal(new Set(all).size, all.length);
  KEYS.forEach(({ does, group }) => assert.ok(text.keys[does] && text.keyGroups[group], does));
});
