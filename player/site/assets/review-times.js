// How the review words moments and sizes.

import { clockText } from "./format.js";
import { words } from "./review-words.js";

/** The time of day, to the second, of a wall clock in ms. */
export function dayClock(wall) {
  return new Date(wall).toLocaleTimeString(undefined, { timeStyle: "medium" });
}

/** "12.3 s" or "2:05" for a length in s. */
export function lengthWords(seconds) {
  return words.clipLength(seconds) || clockText(seconds);
}

/** "850 kB", "8.4 MB", "120 MB" or "1.4 GB". */
export function bytesWords(bytes) {
  const [kilo, mega] = [bytes / 1e3, bytes / 1e6];
  if (mega >= 1000) {
    return `${(mega / 1000).toFixed(1)} GB`;
  }
  return mega >= 1 ? `${mega.toFixed(mega < 10 ? 1 : 0)} MB` : `${Math.max(1, Math.round(kilo))} kB`;
}

/** A number from 0 to 359 for a name, the same everywhere: the hue by which its markers are known. */
export function hueOf(name) {
  const sum = Array.from(name).reduce((hash, letter) => (hash * 31 + letter.codePointAt(0)) % 100003, 7);
  return Math.round((sum * 137.508) % 360) % 360;
}

/** A file name of a title and a wall clock in ms, without what file systems refuse. */
export function fileName(title, wall, ending) {
  const time = new Date(wall);
  const two = (number) => String(number).padStart(2, "0");
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  const clock = [two(time.getHours()), two(time.getMinutes()), two(time.getSeconds())].join("-");
  // eslint-disable-next-line no-control-regex
  const name = title.replace(/[\u0000-\u001f\u007f"*/:<>?\\|]+/g, " ").replace(/\s+/g, " ").trim().slice(0, 100);
  return `${[name, date, clock].filter(Boolean).join(" ")}.${ending}`;
}
