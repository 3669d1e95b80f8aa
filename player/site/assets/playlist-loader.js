// Loads a growing playlist soon after it has grown.
//
// hls.js asks for it once in a segment's length, always at the same distance from its growing: that of the moment at
// which the viewer came, on average half a segment. Here each request goes out a little earlier than the one before,
// until one comes too early. That one is repeated every now and then until the playlist has grown.

import { segmentLength } from "./latency.js";
import { joined, rangesAfter } from "./playlist-ranges.js";

// Both in lengths of a segment: by how much a request goes out earlier, and the pause before it is repeated.
const STEP = 0.1;
// A playlist that has not grown for so many segments may not grow at all: hls.js's own pace will do.
const LATE = 1.5;
// Who stands between may answer for the two ends of a playlist in another way: so many in a row, and all of it is read.
const MISFITS = 3;

/** How long to wait, in ms, until a playlist is asked for again that has not grown for `age` s; null: do not. */
export function pauseBefore(age, length) {
  return age < LATE * length ? STEP * length * 1000 : null;
}

/** By how much, in ms, the next request is to be later when the playlist had to be asked for so many times. */
export function shiftOf(asked, length) {
  return (asked === 1 ? -1 : asked - 2) * STEP * length * 1000;
}

/**
 * A loader class for hls.js, made of its own one, `Base`. `address()` is where the playlist is now; `details()` is
 * what hls.js knows of it, or null.
 */
export function playlistLoader(Base, { address, details }) {
  let misfits = 0;
  return class PlaylistLoader extends Base {
    constructor(config) {
      super(config);
      this.makeNext = () => new PlaylistLoader(config);
      this.next = null;
      this.timer = 0;
    }

    load(context, config, callbacks, { asked = 1, whole = false } = {}) {
      const before = details() && details().m3u8;
      const ranges = before && !whole && misfits < MISFITS ? rangesAfter(before) : null;
      context.url = address();
      context.headers = ranges ? { Range: ranges } : {};
      const onSuccess = (response, ...rest) => {
        if (response.code === 206) {
          response.data = joined(before, response.data);
          misfits = response.data === null ? misfits + 1 : 0;
          if (response.data === null) {
            this.loadAgain(context, config, callbacks, { asked, whole: true });
            return;
          }
        }
        const known = details();
        const length = known && known.live ? segmentLength(known.fragments) : 0;
        const grown = !known || response.data !== known.m3u8;
        const pause = grown ? null : pauseBefore(known.age, length);
        if (pause !== null) {
          this.timer = setTimeout(() => this.loadAgain(context, config, callbacks, { asked: asked + 1 }), pause);
          return;
        }
        if (known && grown) {
          known.requestScheduled += shiftOf(asked, length);
        }
        callbacks.onSuccess(response, ...rest);
      };
      super.load(context, config, { ...callbacks, onSuccess });
    }

    loadAgain(...what) {
      this.next = this.makeNext();
      this.next.load(...what);
    }

    stopAsking() {
      clearTimeout(this.timer);
      if (this.next) {
        this.next.destroy();
      }
    }

    abort() {
      this.stopAsking();
      super.abort();
    }

    destroy() {
      this.stopAsking();
      super.destroy();
    }
  };
}
