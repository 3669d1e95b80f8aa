// How the home page words dates, days, lengths and sizes. Pure: the time now is given.

import { text } from "./text.js";

const DAY_MS = 86400000;
const HIDDEN = /[\u0000-\u001f\u007f"*/:<>?\\|]+/g; // eslint-disable-line no-control-regex

const two = (number) => String(number).padStart(2, "0");

/** The number of midnights, in the reader's time zone, from one time in ms to another. */
export function daysBetween(from, to) {
  const midnight = (time) => {
    const date = new Date(time);
    return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  };
  return Math.round((midnight(to) - midnight(from)) / DAY_MS);
}

/** "Today, 20:00", "Yesterday, 20:00" or the date and time in the reader's own language; `now` in ms. */
export function whenText(iso, now, formats) {
  const time = new Date(iso);
  const days = daysBetween(time, now);
  const day = days === 0 ? text.home.today : days === 1 ? text.home.yesterday : formats.day.format(time);
  return text.home.dayAndTime(day, formats.time.format(time));
}

/** "Since 20:00", with the day where it is not today's; `now` in ms. */
export function sinceText(iso, now, formats) {
  const time = new Date(iso);
  const clock = formats.time.format(time);
  const days = daysBetween(time, now);
  return days === 0 ? text.home.since(clock) : text.home.sinceDay(days === 1 ? null : formats.day.format(time), clock);
}

/** What becomes of a replay: "pinned", "deleted in n days", or "" if it stays; `now` in ms. */
export function fateText({ pinned, expires }, now) {
  if (pinned) {
    return text.home.pinned;
  }
  if (!expires) {
    return "";
  }
  const days = daysBetween(now, Date.parse(expires));
  return days <= 0 ? text.home.deletedToday : text.home.deletedIn(days);
}

/** "850 MB" or "1.4 GB". */
export function sizeText(bytes) {
  const mega = bytes / 1e6;
  const { gigabytes, megabytes } = text.home;
  return mega >= 1000 ? gigabytes((mega / 1000).toFixed(1)) : megabytes(Math.max(1, Math.round(mega)));
}

/** A length as people say it, for those who listen: "1 hour 2 minutes". */
export function spokenLength(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const whole = [hours > 0 && text.home.hours(hours), minutes > 0 && text.home.minutes(minutes)].filter(Boolean);
  return whole.length > 0 ? whole.join(" ") : text.home.seconds(Math.round(seconds));
}

/** What a downloaded replay is called: its title and when it began, without what file systems refuse. */
export function downloadName({ title, id, started }) {
  const time = new Date(started);
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  const name = (title || id).replace(HIDDEN, " ").replace(/\s+/g, " ").replace(/^[ .]+|[ .]+$/g, "").slice(0, 100);
  return `${[name || id, date, `${two(time.getHours())}-${two(time.getMinutes())}`].join(" ")}.mp4`;
}

/** The ways in which somebody may write the date when searching; `formats` also has those of the reader's language. */
export function searchDates(iso, formats) {
  const time = new Date(iso);
  const [year, month, day] = [time.getFullYear(), time.getMonth() + 1, time.getDate()];
  return [
    `${year}-${two(month)}-${two(day)}`,
    `${day}.${month}.${year}`,
    `${two(day)}.${two(month)}.${year}`,
    ...formats.search.map((format) => format.format(time)),
  ];
}

/** The formats of the reader's own language and time zone, or of those given. */
export function makeFormats(language, timeZone) {
  const format = (options) => new Intl.DateTimeFormat(language, { ...options, timeZone });
  return {
    day: format({ weekday: "short", day: "numeric", month: "short", year: "numeric" }),
    time: format({ timeStyle: "short" }),
    search: [format({ dateStyle: "full" }), format({ dateStyle: "medium" }), format({ dateStyle: "short" })],
  };
}
