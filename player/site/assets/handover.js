// Decides when what is on screen makes room for its replay. Pure functions.

/** The closed playlist's segments outlive the making of the replay by a quarter of an hour, in ms. */
export const LONGEST_WAIT_MS = 10 * 60 * 1000;

/**
 * Whether now is the time to change from the closed playlist of a session to its replay. `waited`: for how long the
 * replay has been known, in ms; `still`: paused or at the end; `sought`: the viewer has just jumped; `hidden`: nobody
 * looks; `failing`: what is shown does not load any more; `inWindow`: the browser's own full screen or picture, which
 * another video cannot take over.
 */
export function mayHandOver({ waited, still, sought, hidden, failing, inWindow = false }) {
  if (failing) {
    return true;
  }
  return !inWindow && (still || sought || hidden || waited >= LONGEST_WAIT_MS);
}
