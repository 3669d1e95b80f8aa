import assert from "node:assert/strict";
import { test } from "node:test";

import { asCsv, asJson, asText } from "../site/assets/review-export.js";

const time = "2026-11-22T20:01:12.000Z";
const own = { author: "anna", view: "alice", time };
const note = { ...own, id: "0123456789abcdef", kind: "marker", text: "lost B", tag: "mistake" };
const round = { id: "1", author: "bob", kind: "round", view: "alice", time, text: "" };
const rows = [
  { note: round, clock: "R7", link: "https://x/player?id=alice&t=0" },
  { note, clock: "R7 1:12", link: "https://x/player?id=alice&t=1#R7-1:12" },
];

test("as text it is a line for each, with the link at its end, as a chat likes it", () => {
  assert.equal(
    asText("Scrim · 22 Nov", rows),
    "Scrim · 22 Nov\nR7 https://x/player?id=alice&t=0\n" +
      "R7 1:12 lost B #mistake (anna) https://x/player?id=alice&t=1#R7-1:12\n",
  );
  const bare = { ...rows[1], note: { ...note, text: "", tag: "" } };
  assert.match(asText("", [bare]), /^\nR7 1:12 \(anna\) https/);
});

test("as JSON it says all that is known, and can be read again", () => {
  const { title, notes } = JSON.parse(asJson("Scrim", rows));
  assert.equal(title, "Scrim");
  assert.deepEqual(notes[1], {
    id: "0123456789abcdef",
    kind: "marker",
    time,
    clock: "R7 1:12",
    view: "alice",
    author: "anna",
    tag: "mistake",
    text: "lost B",
    link: "https://x/player?id=alice&t=1#R7-1:12",
  });
});

test("as CSV commas, quotes and line breaks stay in their cell", () => {
  const odd = { ...rows[1], note: { ...note, text: 'he said "now",\nthen left' } };
  const lines = asCsv([odd]).split("\r\n");
  assert.equal(lines[0], "\ufefftime,clock,view,author,kind,tag,text,link");
  assert.ok(lines[1].includes(',"he said ""now"",\nthen left",https://'), lines[1]);
});

test("nothing that somebody wrote is a formula in a spreadsheet", () => {
  ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\tx"].forEach((text) => {
    const cells = asCsv([{ ...rows[1], note: { ...note, text } }]);
    assert.doesNotMatch(cells, /,"?[=+\-@\t]/, text);
  });
});
