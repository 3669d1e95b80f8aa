// How times are shown to people.

/** "1:02:03" or "2:03" for a length in seconds. */
export function clockText(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A date and time in the reader's own language and time zone, from an ISO 8601 time. */
export function dateText(iso) {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** The time of day in the reader's own language and time zone, from an ISO 8601 time. */
export function timeText(iso) {
  return new Date(iso).toLocaleTimeString(undefined, { timeStyle: "short" });
}

/** The time of day to the second in the reader's own language and time zone, from ms since 1970. */
export function secondText(time) {
  return new Date(time).toLocaleTimeString(undefined, { timeStyle: "medium" });
}
