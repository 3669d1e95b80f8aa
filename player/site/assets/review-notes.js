// What viewers write about a recording: how the documents of several views become one list, and what a new note says.
// Pure, but for the random numbers of an ID.

import { fold } from "./fold.js";

/** The longest that each text may be, in characters. */
export const LONGEST = { text: 280, tag: 24, title: 200, label: 80, tags: 12 };
/** What a team can say of a match, besides its tags. */
export const LABELS = ["opponent", "map", "result", "patch"];

const byTime = (one, other) => Date.parse(one.time) - Date.parse(other.time) || (one.id < other.id ? -1 : 1);

/**
 * Several review documents as one: {notes, clips, labels, title, pinned}. What stands in several is listed once; notes
 * in order of time, clips the newest first. The first document is the focused view’s: labels, title and pin are its.
 */
export function mergeDocuments(documents) {
  const notes = new Map();
  const clips = new Map();
  documents.forEach((document) => {
    (document.notes || []).forEach((note) => notes.set(note.id, note));
    (document.clips || []).forEach((clip) => clips.set(`${clip.id} ${clip.view}`, clip));
  });
  const own = documents[0] || {};
  return {
    notes: [...notes.values()].sort(byTime),
    clips: [...clips.values()].sort((one, other) => Date.parse(other.from) - Date.parse(one.from)),
    labels: { ...(own.labels || {}) },
    title: own.title || null,
    pinned: own.pinned === true,
  };
}

/** The list with what the viewer has just written (`added`: notes) and removed (`removed`: their IDs). */
export function withOwn(merged, { added, removed }) {
  const known = new Set(merged.notes.map(({ id }) => id));
  const notes = merged.notes.concat(added.filter(({ id }) => !known.has(id)));
  return {
    ...merged,
    notes: notes.filter(({ id }) => !removed.has(id)).sort(byTime),
    clips: merged.clips.filter(({ id }) => !removed.has(id)),
  };
}

/** The notes that a filter {words, author, tag, view} leaves; "" is no filter. Rounds stay, unless words are sought. */
export function filterNotes(notes, { words = "", author = "", tag = "", view = "" }) {
  const needles = fold(words).split(/\s+/).filter(Boolean);
  const hay = (note) => fold([note.text, note.tag ? `#${note.tag}` : "", note.author, note.view].join("\n"));
  return notes.filter(
    (note) =>
      (!author || note.author === author) &&
      (!tag || note.tag === tag) &&
      (!view || note.view === view) &&
      needles.every((needle) => hay(note).includes(needle)),
  );
}

/** What can be filtered by: {authors, tags, views}, each in alphabetical order. */
export function choicesOf(notes) {
  const among = (name) => [...new Set(notes.map((note) => note[name]).filter(Boolean))];
  const sorted = (values) => values.sort((one, other) => one.localeCompare(other));
  return { authors: sorted(among("author")), tags: sorted(among("tag")), views: sorted(among("view")) };
}

/** Free tags as typed, "scrim, #ranked": each once, without its #. */
export function readTags(words) {
  const tags = words.split(/[\s,]+/).map((tag) => tag.replace(/^#+/, "").slice(0, LONGEST.tag));
  return [...new Set(tags.filter(Boolean))].slice(0, LONGEST.tags);
}

/** Words with a #tag among them as {text, tag}: the first tag is the marker’s, and goes from the text. */
export function splitTag(words) {
  const found = /(?:^|\s)#([^\s#]+)/.exec(words);
  const text = (found ? words.replace(found[0], " ") : words).replace(/\s+/g, " ").trim();
  return { text: text.slice(0, LONGEST.text), tag: found ? found[1].slice(0, LONGEST.tag) : "" };
}

/** A wall clock in ms as the notes say it. */
export function isoTime(wall) {
  return new Date(Math.round(wall)).toISOString();
}

/** A marker at a wall clock in ms; `words` may hold its #tag. */
export function markerNote({ view, wall, words }) {
  return { kind: "marker", view, time: isoTime(wall), ...splitTag(words) };
}

/** “0:00 is here”: a round that begins at a wall clock in ms. Without a name it gets its number. */
export function roundNote({ view, wall, words = "" }) {
  return { kind: "round", view, time: isoTime(wall), text: words.trim().slice(0, LONGEST.tag) };
}

/** A clip of some views, from one wall clock in ms to another. */
export function clipNote({ views, from, to, title }) {
  return { kind: "clip", views, from: isoTime(from), to: isoTime(to), title: title.trim().slice(0, LONGEST.title) };
}

/** What has changed between labels {opponent, map, result, patch, tags}, as a note; null when nothing has. */
export function labelNote({ view, wall, before, after }) {
  const changed = LABELS.filter((name) => after[name] !== (before[name] || ""));
  const tags = JSON.stringify(after.tags) !== JSON.stringify(before.tags || []) ? { tags: after.tags } : {};
  if (changed.length === 0 && !tags.tags) {
    return null;
  }
  const values = Object.fromEntries(changed.map((name) => [name, after[name].slice(0, LONGEST.label)]));
  return { kind: "label", view, time: isoTime(wall), ...values, ...tags };
}

/** A new note’s ID: 16 hexadecimal digits. */
export function newId(random = (bytes) => window.crypto.getRandomValues(bytes)) {
  return Array.from(random(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

