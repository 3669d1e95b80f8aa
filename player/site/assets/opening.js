// Finds out what a link to a recording or to a moment opens. Asks the server for what the state document leaves out.

import { replayTarget, targetOf } from "./choice.js";
import { recordingOf, targetAt, wallAt } from "./moment.js";
import { readJson } from "./poll.js";

async function fetchDocument(url) {
  const answer = await readJson(url);
  if (answer.problem !== "ok") {
    throw new Error(`${answer.problem}: ${url}`);
  }
  return answer.document;
}

/** The index lists more replays than a stream’s own document, without their clocks: these lie beside the files. */
export async function withClock(replay) {
  if (replay.parts) {
    return replay;
  }
  const { parts = [] } = await fetchDocument(replay.url.replace(/\.mp4$/, ".json")).catch(() => ({}));
  return { ...replay, parts };
}

async function olderReplays(id) {
  const { replays } = await fetchDocument("/streams/index.json");
  return replays.filter((replay) => replay.id === id);
}

async function findRecording(state, { id, recording }) {
  const found = recordingOf(state.replays, id, recording);
  return found || (recording === "" ? null : recordingOf(await olderReplays(id), id, recording));
}

async function atWall(state, { id }, wall) {
  const now = Date.now();
  const found = targetAt(state, wall, { now });
  if (found && found.exact) {
    return found;
  }
  const best = targetAt(state, wall, { older: await olderReplays(id), now });
  if (!best || !best.target.replay) {
    return best;
  }
  const target = replayTarget(await withClock(best.target.replay));
  return { ...best, target };
}

/** {target, wall} for a moment of one target. */
function within(target, moment) {
  if (!moment) {
    return { target, wall: null, exact: true };
  }
  if (moment.wall !== undefined) {
    return targetAt({ live: null, replays: [target.replay] }, moment.wall, { now: 0 });
  }
  return { target, ...wallAt(target, moment.offset) };
}

/**
 * What a link {id, recording, moment} opens in a state: {target, wall, notice}. `wall` is the wall clock to begin at in
 * ms, or null; `notice` is "recording" when there is no such recording, and then nothing to open, "moment" when this
 * is the nearest moment to the one that was asked for, else null. Throws when the server does not answer.
 */
export async function whatOpens(link, state) {
  const { recording, moment } = link;
  if (recording !== null) {
    const replay = await findRecording(state, link);
    if (!replay) {
      return { target: null, wall: null, notice: "recording" };
    }
    return noted(within(replayTarget(await withClock(replay)), moment));
  }
  const newest = targetOf(state);
  if (!moment || !newest) {
    return { target: newest, wall: null, notice: null };
  }
  return noted(moment.wall !== undefined ? await atWall(state, link, moment.wall) : within(newest, moment));
}

function noted({ target, wall, exact }) {
  return { target, wall, notice: exact ? null : "moment" };
}
