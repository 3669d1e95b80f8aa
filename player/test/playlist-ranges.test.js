import assert from "node:assert/strict";
import { test } from "node:test";

import { joined, rangesAfter } from "../site/assets/playlist-ranges.js";

const START = 1795398949522;

/** A playlist of the segments `first` to `last`, as ingest writes it; `gaps` come before a part of their own. */
function playlist(first, last, { target = 1, gaps = [], closed = false, name = "cup" } = {}) {
  const lines = ["#EXTM3U", "#EXT-X-VERSION:3", `#EXT-X-MEDIA-SEQUENCE:${first}`, `#EXT-X-TARGETDURATION:${target}`];
  for (let number = first; number <= last; number += 1) {
    lines.push(...(gaps.includes(number) ? ["#EXT-X-DISCONTINUITY"] : []));
    lines.push("#EXTINF:1.000,", `${name}-${START + number * 1000 + ((number * 7919) % 13)}.ts`);
  }
  return [...lines, ...(closed ? ["#EXT-X-ENDLIST"] : []), ""].join("\n");
}

/** What nginx answers to a request for two ranges of `text`. */
function answer(text, ranges) {
  const [, first, tail] = /^bytes=0-(\d+),-(\d+)$/.exec(ranges).map(Number);
  const spans = [[0, first], [text.length - tail, text.length - 1]];
  const part = ([from, to]) =>
    "\r\n--00000000000000000001\r\nContent-Type: application/vnd.apple.mpegurl\r\n" +
    `Content-Range: bytes ${from}-${to}/${text.length}\r\n\r\n${text.slice(from, to + 1)}`;
  return `${spans.map(part).join("")}\r\n--00000000000000000001--\r\n`;
}

function after(before, next) {
  return joined(before, answer(next, rangesAfter(before)));
}

test("only a playlist that is long is asked for by its ends", () => {
  assert.equal(rangesAfter(playlist(0, 200)), null);
  assert.equal(rangesAfter(playlist(0, 999)), "bytes=0-383,-1024");
});

const BEFORE = playlist(95, 1094, { gaps: [500] });
const NEXT = {
  "one that has grown": playlist(95, 1095, { gaps: [500] }),
  "one that has not": BEFORE,
  "one that has moved on by a segment": playlist(96, 1095, { gaps: [500] }),
  "one whose sequence number has got a digit more": playlist(100, 1099, { gaps: [500] }),
  "one that has missed twenty segments": playlist(115, 1114, { gaps: [500] }),
  "one whose longest segment is another": playlist(96, 1095, { gaps: [500], target: 2 }),
  "one whose newest segment is another connection's": playlist(96, 1095, { gaps: [500, 1095] }),
  "one that is closed": playlist(95, 1095, { gaps: [500], closed: true }),
};

for (const [what, next] of Object.entries(NEXT)) {
  test(`its two ends and the one before make a playlist whole: ${what}`, () => {
    assert.equal(after(BEFORE, next), next);
  });
}

test("a playlist that begins with another connection's first segment is whole", () => {
  const gaps = [98, 500];
  const next = playlist(98, 1096, { gaps });
  assert.equal(after(playlist(95, 1094, { gaps }), next), next);
});

const OTHERS = {
  "another session's, as long": playlist(3000, 3999),
  "another session's with the same numbers": playlist(95, 1094, { name: "map" }),
  "one that goes on elsewhere in the middle": playlist(95, 1095),
  "one that has missed too much": playlist(195, 1194, { gaps: [500] }),
};

for (const [what, next] of Object.entries(OTHERS)) {
  test(`what is in doubt is to be fetched whole: ${what}`, () => {
    assert.equal(after(BEFORE, next), null);
  });
}

test("an answer that is not two whole ends is to be fetched whole", () => {
  const body = answer(NEXT["one that has grown"], rangesAfter(BEFORE));
  const one = body.slice(body.lastIndexOf("\r\n--0", body.length - 100));
  for (const odd of ["", "#EXTM3U\n", body.slice(0, -80), one, body.replace(/\/\d+/, "/45678")]) {
    assert.ok(joined(BEFORE, odd) === null, odd.slice(0, 200));
  }
});
