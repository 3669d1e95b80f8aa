import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { pauseBefore, playlistLoader, shiftOf } from "../site/assets/playlist-loader.js";

/** A loader of hls.js that is answered by the test. */
class Asked {
  static all = [];

  constructor() {
    this.ended = false;
    Asked.all.push(this);
  }

  load(context, _config, callbacks) {
    Object.assign(this, { context, callbacks });
  }

  answer(data, code = 200) {
    this.callbacks.onSuccess({ data, code }, {}, this.context, null);
  }

  abort() {
    this.ended = true;
  }

  destroy() {
    this.ended = true;
  }
}

/** A playlist of one-second segments that has not grown for `age` s, and what the test is told of it. */
function loading({ age = 1, live = true } = {}) {
  Asked.all = [];
  const fragments = Array.from({ length: 10 }, () => ({ duration: 1 }));
  const known = { live, m3u8: "old", age, fragments, requestScheduled: 5000 };
  const Loader = playlistLoader(Asked, { address: () => "/hls/cup.m3u8", details: () => known });
  const loader = new Loader({});
  const told = [];
  loader.load({}, {}, { onSuccess: ({ data }) => told.push(data) });
  return { loader, known, told };
}

test("a playlist that has not grown yet is asked for again until it has", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { told } = loading();
  Asked.all[0].answer("old");
  assert.deepEqual(told, []);
  mock.timers.tick(100);
  Asked.all[1].answer("old");
  mock.timers.tick(100);
  assert.equal(Asked.all[2].context.url, "/hls/cup.m3u8");
  Asked.all[2].answer("new");
  assert.deepEqual(told, ["new"]);
  mock.timers.reset();
});

test("one that has stopped growing is left to hls.js, which is told so", () => {
  const { told, known } = loading({ age: 1.6 });
  Asked.all[0].answer("old");
  assert.deepEqual(told, ["old"]);
  assert.equal(known.requestScheduled, 5000);
});

test("a closed playlist is told as it is", () => {
  const { told } = loading({ live: false });
  Asked.all[0].answer("old");
  assert.deepEqual(told, ["old"]);
});

test("whoever comes late comes earlier next time, and whoever came early does not wait longer and longer", () => {
  const late = loading();
  Asked.all[0].answer("new");
  assert.equal(late.known.requestScheduled, 4900);
  assert.deepEqual([shiftOf(1, 2), shiftOf(2, 2), shiftOf(4, 2)], [-200, 0, 400]);
});

test("an ended load asks no more", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const waiting = loading();
  Asked.all[0].answer("old");
  waiting.loader.abort();
  mock.timers.tick(1000);
  assert.equal(Asked.all.length, 1);
  const asking = loading();
  Asked.all[0].answer("old");
  mock.timers.tick(100);
  asking.loader.destroy();
  assert.ok(Asked.all.every(({ ended }) => ended));
  mock.timers.reset();
});

test("the pause is a tenth of a segment, and none when the playlist should have grown long ago", () => {
  assert.equal(pauseBefore(0.2, 1), 100);
  assert.equal(pauseBefore(2.9, 2), 200);
  assert.equal(pauseBefore(3, 2), null);
});

test("a long playlist is asked for by its ends, and whole at once if they do not fit", () => {
  const entries = Array.from({ length: 1000 }, (_, at) => `#EXTINF:1.000,\ncup-${1795398949522 + at * 1000}.ts\n`);
  const { loader, known, told } = loading();
  known.m3u8 = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${entries.join("")}`;
  loader.loadAgain({}, {}, { onSuccess: ({ data }) => told.push(data) });
  const [, ends] = Asked.all;
  assert.match(ends.context.headers.Range, /^bytes=0-\d+,-\d+$/);
  ends.answer("what does not fit", 206);
  assert.deepEqual(told, []);
  const [, , whole] = Asked.all;
  assert.deepEqual(whole.context.headers, {});
  whole.answer("all of it");
  assert.deepEqual(told, ["all of it"]);
});

test("ends that never fit are not asked for any more", () => {
  const { loader, known } = loading();
  known.m3u8 = `#EXTM3U\n${"#EXTINF:1.000,\ncup-1795398949522.ts\n".repeat(1000)}`;
  for (let turn = 0; turn < 4; turn += 1) {
    loader.loadAgain({}, {}, { onSuccess() {} });
    const last = Asked.all[Asked.all.length - 1];
    assert.equal(last.context.headers.Range !== undefined, turn < 3);
    last.answer("what does not fit", turn < 3 ? 206 : 200);
  }
});

test("a server that sends a long playlist whole is believed", () => {
  const { loader, known, told } = loading();
  known.m3u8 = `#EXTM3U\n${"#EXTINF:1.000,\ncup-1795398949522.ts\n".repeat(1000)}`;
  loader.loadAgain({}, {}, { onSuccess: ({ data }) => told.push(data) });
  Asked.all[1].answer("all of it");
  assert.deepEqual(told, ["all of it"]);
});
