// What is known of the review: the server's documents, and what the viewer has written that these do not hold yet.

import { mergeDocuments, withOwn } from "./review-notes.js";
import { roundsOf } from "./review-rounds.js";

// What the server has taken appears in its document within some seconds; after so long, in ms, it was set aside.
const TAKEN_MS = 20000;

/** What was marked where a round begins belongs to it. */
const roundsFirst = (one, other) => Number(other.kind === "round") - Number(one.kind === "round");

/**
 * Keeps the documents. `common(wall, view)` puts a wall clock of a view on the one clock of all. Calls onChange() when
 * what is known has changed, and onRefused(note) when a note that was written has not come back.
 */
export function createStore({ common, onChange, onRefused }) {
  const documents = new Map();
  let urls = [];
  let added = [];
  const removed = new Set();
  let merged = mergeDocuments([]);
  let known = null;

  function changed() {
    known = null;
    onChange();
  }

  function merge() {
    // While a source changes, the old documents stay until the new ones are there.
    if (urls.every((url) => documents.has(url))) {
      [...documents.keys()].filter((url) => !urls.includes(url)).forEach((url) => documents.delete(url));
    }
    const wanted = [...urls, ...[...documents.keys()].filter((url) => !urls.includes(url))];
    merged = mergeDocuments(wanted.map((url) => documents.get(url)).filter(Boolean));
    const ids = new Set(merged.notes.map(({ id }) => id));
    added = added.filter(({ id }) => !ids.has(id));
    changed();
  }

  return {
    /** The addresses of the documents that matter now; the focused view’s is the first. */
    follow(wanted) {
      if (wanted.join() !== urls.join()) {
        urls = wanted;
        merge();
      }
    },
    set(url, document) {
      documents.set(url, document);
      merge();
    },
    /** What the viewer has just written, before the server says so. */
    add(note) {
      added = [...added, note];
      changed();
      setTimeout(() => {
        if (added.includes(note)) {
          added = added.filter((one) => one !== note);
          changed();
          onRefused(note);
        }
      }, TAKEN_MS);
    },
    remove(id) {
      removed.add(id);
      added = added.filter((note) => note.id !== id);
      changed();
    },
    /** Takes a removal back that the server did not take. */
    restore(id) {
      removed.delete(id);
      changed();
    },
    /** {notes, clips, labels, title, pinned, rounds}; a note’s `wall` is its time in ms on the one clock. */
    get view() {
      if (!known) {
        const own = withOwn(merged, { added, removed });
        const notes = own.notes.map((note) => ({ ...note, wall: common(Date.parse(note.time), note.view) }));
        notes.sort((one, other) => one.wall - other.wall || roundsFirst(one, other));
        known = { ...own, notes, rounds: roundsOf(notes) };
      }
      return known;
    },
    /** Alignment has changed: times are reckoned anew. */
    refresh: changed,
  };
}
