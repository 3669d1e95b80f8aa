// Loads live segments in the order in which they are shown, wherever the viewer jumps; what is loaded twice for that
// is in the browser’s cache.
//
// hls.js guesses how long a segment’s last frame lasts, 34 ms where it is 33. So what is loaded before something that
// is loaded already overlaps it, and Chromium then drops the pictures there up to the next key frame. WebKitGTK takes
// nothing that is earlier than what it was given first, unless its parser begins anew, with the header.

import { isScattered } from "./buffered.js";

const HEADER = "ftyp";

function isHeader(data) {
  return String.fromCharCode(...data.slice(4, 8)) === HEADER;
}

/** Keeps the order in which `hls` loads for `video`; `fragments()` are those of the playlist. Returns {close()}. */
export function keepLoadOrder(hls, video, fragments) {
  const { Events } = hls.constructor;
  const headers = new Map();
  let tracks = {};

  function created(_event, found) {
    tracks = found.tracks;
  }

  function appending(_event, piece) {
    if (isHeader(piece.data)) {
      headers.set(piece.type, piece);
    }
  }

  function loadAnew() {
    // Whoever sets the level empties everything.
    hls.currentLevel = 0;
    headers.forEach((header) => hls.trigger(Events.BUFFER_APPENDING, header));
  }

  function flushed(_event, { type, end }) {
    if (end === Infinity) {
      tracks[type].buffer.abort();
    }
  }

  function seeking() {
    if (isScattered(fragments(), video.currentTime)) {
      loadAnew();
    }
  }

  video.addEventListener("seeking", seeking);
  hls.on(Events.BUFFER_CREATED, created);
  hls.on(Events.BUFFER_APPENDING, appending);
  hls.on(Events.BUFFER_FLUSHED, flushed);

  return {
    close() {
      video.removeEventListener("seeking", seeking);
    },
  };
}
