// The speeds that a viewer can choose. Pure functions.

export const SPEEDS = [0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 4];

/** The next speed above (1) or below (-1) one that need not be in the list; the last one stays. */
export function speedBy(speed, direction) {
  const beyond = SPEEDS.filter((one) => (direction > 0 ? one > speed : one < speed));
  if (beyond.length === 0) {
    return speed;
  }
  return direction > 0 ? beyond[0] : beyond[beyond.length - 1];
}

/** Any number as a speed that can be chosen; 1 where it is none. */
export function knownSpeed(speed) {
  return SPEEDS.includes(speed) ? speed : 1;
}
