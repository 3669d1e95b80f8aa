// The round clock: “0:00 is here” makes every later moment read “R7 1:12”. Pure.

import { clockText } from "./format.js";

// The clocks of two pictures of a stream are as exact as that: 2.996 s later is 0:03.
const EXACT_MS = 20;
const NUMBER = /^(?:r|round|runde)?\s*(\d{1,4})$/i;

/**
 * The rounds among notes, in order of time: [{id, name, wall}], wall in ms. One without a name gets the number after
 * the round before it, so that whoever names one “R7” counts on from there.
 */
export function roundsOf(notes) {
  let number = 0;
  return notes
    .filter(({ kind }) => kind === "round")
    .map(({ id, text, time, wall = Date.parse(time) }) => ({ id, text, wall }))
    .sort((one, other) => one.wall - other.wall)
    .map(({ id, text, wall }) => {
      const named = NUMBER.exec(text || "");
      number = named ? Number(named[1]) : number + 1;
      return { id, name: named || !text ? `R${number}` : text, wall };
    });
}

/** The round in which a wall clock in ms falls, or null before the first. */
export function roundAt(rounds, wall) {
  return rounds.filter((round) => round.wall <= wall + EXACT_MS).pop() || null;
}

/** “R7 1:12”, or what `otherwise(wall)` says before the first round. */
export function clockWords(rounds, wall, otherwise) {
  const round = roundAt(rounds, wall);
  return round ? `${round.name} ${clockText((wall - round.wall + EXACT_MS) / 1000)}` : otherwise(wall);
}

/** What a link ends with, so that it can be read: “#R7-1:12”; "" before the first round. */
export function clockFragment(rounds, wall) {
  const words = clockWords(rounds, wall, () => "");
  return words && `#${encodeURIComponent(words.replace(/\s+/g, "-")).replace(/%3A/g, ":")}`;
}
