import assert from "node:assert/strict";
import { test } from "node:test";

import { keepLoadOrder } from "../site/assets/load-order.js";

const HEADER = { type: "video", data: Uint8Array.from([0, 0, 0, 24, ...Buffer.from("ftypiso5")]) };
const SEGMENT = { type: "video", data: Uint8Array.from([0, 0, 0, 24, ...Buffer.from("moof....")]) };

/** A viewer at a position in a playlist of one-second segments of which "x" is loaded; `did` is what happened. */
function viewer(pattern, position) {
  const did = [];
  const listeners = new Map();
  class Hls {
    static Events = { BUFFER_CREATED: "created", BUFFER_APPENDING: "appending", BUFFER_FLUSHED: "flushed" };

    set currentLevel(level) {
      did.push(`empty ${level}`);
    }

    on(name, listener) {
      listeners.set(name, listener);
    }

    trigger(name, piece) {
      did.push(`${name} ${piece === HEADER ? "header" : "segment"}`);
    }
  }
  const video = new EventTarget();
  video.currentTime = position;
  const fragments = Array.from(pattern, (mark, i) => ({
    start: i,
    duration: 1,
    elementaryStreams: { video: mark === "x" ? { startPTS: i } : null },
  }));
  const order = keepLoadOrder(new Hls(), video, () => fragments);
  const tell = (name, data) => listeners.get(name)(name, data);
  tell("created", { tracks: { video: { buffer: { abort: () => did.push("parser begins anew") } } } });
  tell("appending", HEADER);
  tell("appending", SEGMENT);
  return { did, tell, order, seek: () => video.dispatchEvent(new Event("seeking")) };
}

test("who jumps to before what is loaded has everything loaded anew, behind the header", () => {
  const { did, tell, seek } = viewer("--xx", 0.5);
  seek();
  assert.deepEqual(did, ["empty 0", "appending header"]);
  tell("flushed", { type: "video", start: 0, end: Infinity });
  assert.deepEqual(did.slice(2), ["parser begins anew"]);
});

test("who jumps within what is loaded, or to where nothing is loaded ahead, keeps it", () => {
  for (const [pattern, position] of [["xxxx", 1.5], ["xx--", 2.5], ["-xx-", 1.2]]) {
    const { did, seek } = viewer(pattern, position);
    seek();
    assert.deepEqual(did, [], pattern);
  }
});

test("what is thrown away far behind the viewer changes nothing else", () => {
  const { did, tell } = viewer("xxxx", 3.5);
  tell("flushed", { type: "video", start: 0, end: 1 });
  assert.deepEqual(did, []);
});

test("a source that is closed hears no jump any more", () => {
  const { did, order, seek } = viewer("--xx", 0.5);
  order.close();
  seek();
  assert.deepEqual(did, []);
});
