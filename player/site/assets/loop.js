// The A–B loop: one press says where it begins, the next where it ends, the third takes it away. Pure; times in ms.

import { clockText } from "./format.js";
import { text } from "./text.js";

export const NO_LOOP = { from: null, to: null };
// A shorter one would only stutter.
const LEAST_MS = 300;

/** The loop {from, to}, either null, after a press at a time. */
export function pressed({ from, to }, now) {
  if (from === null || to !== null) {
    return to === null ? { from: now, to: null } : NO_LOOP;
  }
  const long = Math.abs(now - from) >= LEAST_MS;
  return long ? { from: Math.min(from, now), to: Math.max(from, now) } : NO_LOOP;
}

/** What is said of a loop. */
export function loopWords({ from, to }) {
  if (from === null) {
    return text.loopOff;
  }
  return to === null ? text.loopFrom : text.loopTo(clockText((to - from) / 1000));
}

/** Whether a loop has come to its end. */
export function isOver({ from, to }, now) {
  return from !== null && to !== null && now >= to;
}
