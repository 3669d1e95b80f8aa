// "Align": each view is paused on the same event, and from then on they are one moment, for all viewers.

import { offsetsOf } from "./views-alignment.js";
import { text } from "./text.js";

// What has been stored is in the streams' documents within this, in ms.
const STORED_MS = 15000;

/**
 * Sets it up: `views()`, their `group`, `heard()`: the id of the view that stays where it is, `say(words)`. Returns
 * {moved(id), toggle(), leave()}; moved(id) is what holds on this page already, in ms, or null.
 */
export function setUpAlignment({ views, group, heard, say }) {
  const here = new Map();

  /** The wall clocks of what the views show, each its own. */
  function moments() {
    const shown = views().filter((view) => group.timeOf(view) !== null && view.isDue(group.timeOf(view)));
    return Object.fromEntries(shown.map((view) => [view.id, view.own(group.timeOf(view))]));
  }

  async function store(offsets, fixed, wall) {
    const { me, writeNote } = await import("./notes.js");
    const { write } = await me();
    if (!write) {
      return text.views.alignedHere;
    }
    const time = new Date(Math.round(wall)).toISOString();
    const { ok } = await writeNote({ kind: "align", view: fixed, time, offsets });
    if (ok) {
      setTimeout(() => Object.keys(offsets).forEach((id) => here.delete(id)), STORED_MS);
    }
    return ok ? text.views.aligned : text.views.alignFailed;
  }

  async function finish() {
    const found = moments();
    const ids = Object.keys(found);
    const fixed = ids.includes(heard()) ? heard() : ids[0];
    const now = Object.fromEntries(views().map((view) => [view.id, view.common(0)]));
    const offsets = ids.length > 1 ? offsetsOf(found, now, fixed) : null;
    if (!offsets) {
      say(ids.length > 1 ? text.views.alignTooFar : text.views.alignSame);
      leave();
      return;
    }
    const time = found[fixed] + offsets[fixed];
    Object.entries(offsets).forEach(([id, by]) => here.set(id, by));
    leave();
    group.seek(time);
    say(await store(offsets, fixed, found[fixed]).catch(() => text.views.alignFailed));
  }

  function leave() {
    group.separate = false;
  }

  return {
    moved: (id) => (here.has(id) ? here.get(id) : null),
    leave,
    toggle() {
      if (group.separate) {
        finish();
      } else {
        group.separate = true;
        if (document.fullscreenElement) {
          say(text.views.aligning);
        }
      }
    },
  };
}
