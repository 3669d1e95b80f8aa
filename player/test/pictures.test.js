import assert from "node:assert/strict";
import { test } from "node:test";

import { showPictures } from "../site/assets/pictures.js";

/** As much of a video element as the module uses. */
function fakeVideo() {
  const tracks = [];
  return {
    tracks,
    ownerDocument: { createElement: () => ({ remove() { tracks.splice(tracks.indexOf(this), 1); } }) },
    append: (track) => tracks.push(track),
    querySelectorAll: () => [...tracks],
    removeAttribute(name) {
      delete this[name];
    },
  };
}

const target = (replay) => ({ kind: "mp4", replay });
const PICTURED = target({ poster: "/vod/recordings/a.jpg", thumbnails: "/vod/recordings/a.vtt" });

test("a newcomer gets the poster, and everybody the thumbnails as media-chrome looks for them", () => {
  const video = fakeVideo();
  showPictures(video, PICTURED, { fresh: true });
  assert.equal(video.poster, "/vod/recordings/a.jpg");
  const [{ kind, label, src, default: loads }] = video.tracks;
  assert.deepEqual([kind, label, src, loads], ["metadata", "thumbnails", "/vod/recordings/a.vtt", true]);
});

test("who comes from live sees no poster between two pictures", () => {
  const video = fakeVideo();
  showPictures(video, PICTURED, { fresh: false });
  assert.equal(video.poster, undefined);
  assert.equal(video.tracks.length, 1);
});

test("what the next target lacks is taken away", () => {
  for (const next of [null, { kind: "hls", replay: null }, target({ poster: null, thumbnails: null }), target({})]) {
    const video = fakeVideo();
    showPictures(video, PICTURED, { fresh: true });
    showPictures(video, next, { fresh: true });
    assert.deepEqual([video.poster, video.tracks.length], [undefined, 0]);
  }
});
