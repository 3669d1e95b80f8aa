// What the streamer's page says, worked out of a stream's state and the index. Pure: the time now is given.

import { clockText, dateText, timeText } from "./format.js";
import { words } from "./studio-words.js";

const one = (number) => String(Math.round(number * 10) / 10);
const mega = (bits) => (bits / 1e6).toFixed(1);
const joined = (parts) => parts.filter(Boolean).join(", ");

function pictureText(video) {
  if (!video) {
    return words.none;
  }
  return joined([
    video.width && words.size(video.width, video.height),
    video.fps && words.fps(String(video.fps)),
    [video.codec.toUpperCase(), video.profile].filter(Boolean).join(" "),
    video.missing >= 0.005 && words.missing(one(video.missing * 100)),
  ]);
}

function soundText(audio) {
  if (!audio) {
    return words.none;
  }
  const { codec, rate, channels } = audio;
  const kilohertz = rate && words.kilohertz(String(rate / 1000));
  return joined([codec.toUpperCase(), kilohertz, channels && words.channels(channels)]);
}

/** Short lines about what arrives: [[name, words], …]; a line is missing where nothing is known. */
export function factsOf({ live, ingest }, now) {
  if (!ingest) {
    return [];
  }
  const { video, audio, bitrate, late, gaps, delay, safe_hours: hours } = ingest;
  const { facts } = words;
  return [
    [facts.length, live && clockText((now - Date.parse(live.started)) / 1000)],
    [facts.delay, delay && words.delay(one(delay))],
    [facts.picture, pictureText(video)],
    [facts.keys, video && video.key_interval && words.keys(one(video.key_interval))],
    [facts.sound, soundText(audio)],
    [facts.bitrate, bitrate && words.bitrate(mega(bitrate.now), mega(bitrate.average), mega(bitrate.peak))],
    [facts.late, late >= 1 ? words.late(one(late)) : words.inTime],
    [facts.gaps, gaps.count > 0 ? words.gaps(gaps.count, one(gaps.seconds)) : words.none],
    [facts.room, typeof hours === "number" && words.room(String(hours))],
  ].filter(([, said]) => said);
}

/** The newest refusal that may have been this streamer's: of this stream, or with an id that there is not. */
function refusalOf(state, index) {
  // Who is on air does not try an id that there is not: that was somebody else.
  const known = [state.refused, state.state !== "live" && index && index.refused].filter(Boolean);
  const [newest] = known.sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
  // Who has come on air since has found the way.
  const since = state.state === "live" && state.ingest ? Date.parse(state.ingest.since) : 0;
  return newest && Date.parse(newest.time) >= since ? newest : null;
}

/** The time of day of what was not long ago, else with its date. */
function whenText(iso, now) {
  return now - Date.parse(iso) < 12 * 3600000 ? timeText(iso) : dateText(iso);
}

/** All that the page says of a stream; `index` may be null. */
export function viewOf(state, index, now) {
  const { title, live, ingest } = state;
  const onAir = state.state === "live";
  // Something may arrive that cannot be shown.
  const going = onAir || state.state === "interrupted" || Boolean(ingest);
  const advice = ingest ? ingest.advice : [];
  const refused = refusalOf(state, index);
  const refusing = Boolean(index && index.disk && index.disk.refusing);
  const air = onAir && live ? words.air.live(timeText(live.started)) : String(words.air[state.state] || "");
  const health = onAir && !ingest ? words.measuring : onAir && advice.length === 0 ? words.ready : "";
  return {
    title,
    state: state.state,
    badge: words.badges[state.state] || "",
    air: [air, health].filter(Boolean).join(" "),
    trial: going ? "" : words.trial,
    refused: refused ? words.refused(whenText(refused.time, now), refused.text) : "",
    disk: refusing ? words.disk(index.disk.message) : "",
    advice: advice.map(({ code, level, text, setting }) => ({ code, level, text, setting })),
    facts: factsOf(state, now),
  };
}
