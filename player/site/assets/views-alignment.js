// What "Align" works out: each view has been paused on the same event. Pure; times in ms.

/** More than this, in ms, the server does not take. */
export const MOST_MS = 3600000;

/**
 * By how much each session is to be moved so that the moments {id: wall clock of its own pictures} are one; that of
 * `fixed` stays where it is. `moved`: {id: by how much each is moved now}. Null if one would be moved too far.
 */
export function offsetsOf(moments, moved, fixed) {
  const common = moments[fixed] + (moved[fixed] || 0);
  const offsets = Object.fromEntries(Object.keys(moments).map((id) => [id, Math.round(common - moments[id])]));
  return Object.values(offsets).every((by) => Math.abs(by) <= MOST_MS) ? offsets : null;
}
