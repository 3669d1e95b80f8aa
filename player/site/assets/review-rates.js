// How many bytes a second of each view takes: said by its replay, or measured while it is live.

import { liveRate } from "./review-clip.js";

// The newest segments are enough.
const KEPT = 300;

/** {rate(view)} in bytes per second, or null where it is not known. */
export function createRates(timeline) {
  let loaded = [];
  new PerformanceObserver((list) => {
    const found = list.getEntries().map(({ name, encodedBodySize }) => [name, encodedBodySize]);
    loaded = loaded.concat(found.filter(([name]) => name.includes("/hls/"))).slice(-KEPT);
  }).observe({ type: "resource", buffered: true });
  return { rate: (view) => timeline.bytesPerSecond(view) || liveRate(view, loaded) };
}
