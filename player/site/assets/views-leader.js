// Whose picture the others follow. Pure.
//
// The view that is heard leads and is never re-timed. Where it has nothing to show, or waits for the network, another
// leads, so that nobody waits for it; it leads again when it has caught up.

// Who is further than this, in ms, from the clock has not caught up.
const CAUGHT_UP_MS = 150;
// For so long, in ms, all wait for the one that is heard when nothing moves yet.
const GRACE_MS = 1500;

/**
 * The id of the view that leads, or null while all wait. `views`: [{id, fit: it has a picture and can go on, due: it
 * has something to show now, off: its distance from the clock in ms}]; `heard`: the id of the view with the sound;
 * `leader`: who led until now, or null; `waited`: for how long nobody has led, in ms.
 */
export function chooseLeader(views, { heard, leader, waited }) {
  const own = views.find(({ id }) => id === heard);
  if (own && own.fit && (leader === null || leader === heard || Math.abs(own.off) <= CAUGHT_UP_MS)) {
    return heard;
  }
  if (views.some(({ id, fit }) => id === leader && fit)) {
    return leader;
  }
  if (leader === null && own && own.due && waited < GRACE_MS) {
    return null;
  }
  const fit = views.filter((view) => view.fit).sort((one, other) => Math.abs(one.off) - Math.abs(other.off));
  return fit.length > 0 ? fit[0].id : null;
}
