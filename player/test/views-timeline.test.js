import assert from "node:assert/strict";
import { test } from "node:test";

import { makeTimeline } from "../site/assets/views-timeline.js";

/** A view whose pictures are moved by so many ms on the clock that all share. */
function makeView(id, by, sessions) {
  return {
    id,
    title: id.toUpperCase(),
    video: { id },
    frames: { of: id },
    now: () => 5000,
    own: (time) => time - by,
    common: (wall) => wall + by,
    replay: () => ({ size: 8000, duration: 4 }),
    sessions: () => sessions,
  };
}

function make() {
  const quiet = { file: "a-1", review: null };
  const views = [makeView("a", 0, [{ review: "/a" }, quiet]), makeView("b", 700, [{ review: "/b" }])];
  const sought = [];
  const page = { focused: "a" };
  const group = {
    range: () => ({ from: 0, to: 10000 }),
    seek: (time) => sought.push(time),
    liveTime: () => null,
    pause() {},
  };
  const made = makeTimeline({ views: () => views, focused: () => page.focused, group, bar: {} });
  return { ...made, page, sought, views };
}

test("a moment of one view is the same moment for all, however they are aligned", () => {
  const { timeline, page, sought } = make();
  assert.equal(timeline.now(), 5000);
  timeline.seek(1000, "b");
  timeline.seek(1000);
  assert.deepEqual(sought, [1700, 1000]);
  assert.equal(timeline.common(1000, "b"), 1700);
  assert.equal(timeline.place(1300, "b"), 0.2);
  assert.equal(timeline.place(99000, "b"), null);
  page.focused = "b";
  assert.equal(timeline.now(), 4300);
  assert.equal(timeline.common(1700, "a"), 1000);
  assert.deepEqual(timeline.range(), { from: -700, to: 9300 });
});

test("the focused view's review comes first, its video and frames are those that are worked with", () => {
  const { timeline, page } = make();
  assert.deepEqual(timeline.reviews(), ["/a", "/review/a-1.json", "/b"]);
  page.focused = "b";
  assert.deepEqual(timeline.reviews(), ["/b", "/a", "/review/a-1.json"]);
  assert.deepEqual([timeline.view(), timeline.views(), timeline.title("a")], ["b", ["a", "b"], "A"]);
  assert.deepEqual([timeline.video(), timeline.frames()], [{ id: "b" }, { of: "b" }]);
  assert.equal(timeline.bytesPerSecond("b"), 2000);
});

test("who listens hears of changes", () => {
  const { timeline, changed } = make();
  let heard = 0;
  timeline.onChange(() => (heard += 1));
  changed();
  assert.equal(heard, 1);
});
