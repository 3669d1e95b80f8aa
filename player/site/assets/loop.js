// The A–B loop: one press says where it begins, the next where it ends, the third takes it away. Pure; times in ms.

// A shorter one would only stutter.
const LEAST_MS = 300;

/** The loop {from, to}, either null, after a press at a time. */
export function pressed({ from, to }, now) {
  if (from === null || to !== null) {
    return to === null ? { from: now, to: null } : { from: null, to: null };
  }
  const long = Math.abs(now - from) >= LEAST_MS;
  return long ? { from: Math.min(from, now), to: Math.max(from, now) } : { from: null, to: null };
}

/** Whether a loop has come to its end. */
export function isOver({ from, to }, now) {
  return from !== null && to !== null && now >= to;
}
