// The grid of a recording's frames: which frame is shown at a position, and where to seek to for its neighbour.
//
// No browser tells the number of the frame on screen, and positions after a seek are not to be trusted. But frames
// that really play come with exact times, and an encoder's frames lie on a grid: it is measured from those, and whoever
// seeks into the middle of a frame gets this frame, in every browser (FACTS 20a). Pure functions; times in s.

// Rates that cameras, games and encoders have, in frames per second.
const COMMON = [24000 / 1001, 24, 25, 30000 / 1001, 30, 48, 50, 60000 / 1001, 60, 90, 100, 120, 144, 240];
// A measured rate this near to a common one, as a part of it, is meant to be it. RTMP rounds times to milliseconds.
const NEAR = 0.003;
// A frame may lie this far beside the grid, as a part of a frame: twice the rounding at 120 frames per second.
const BESIDE = 0.15;
// Fewer frames than this are no measure.
const ENOUGH = 8;
// Lengths of frames that differ by less than this, as a part of them, differ by rounding.
const ALIKE = 0.1;
// So many samples in a row may be wrong.
const ASTRAY = 3;
// More of them than this, as a part of the others, and there is no grid.
const FEW = 0.2;
// A position this little before a frame, as a part of it, is the frame's own: positions are rounded too.
const ROUNDING = 0.02;
// More frames missing than this, as a part of all, make a variable frame rate.
const MISSING = 0.02;
const USUAL_RATE = 30;

/** The common rate that a measured one is meant to be, or the measured one. */
export function snapRate(rate) {
  const nearest = COMMON.reduce((best, one) => (Math.abs(one - rate) < Math.abs(best - rate) ? one : best));
  return Math.abs(nearest - rate) / rate < NEAR ? nearest : rate;
}

/** "30000/1001" or "30/1", as ffprobe writes a rate, in frames per second; null if it is none. */
export function parseRate(words) {
  const match = /^(\d+)\/(\d+)$/.exec(words || "");
  const rate = match ? Number(match[1]) / Number(match[2]) : 0;
  return rate > 0 && Number.isFinite(rate) ? rate : null;
}

/** The straight line through points [x, y]: [value at x = 0, slope]. */
function fit(points) {
  const mean = (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x0, y0] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) / spread;
  return [y0 - slope * x0, slope];
}

/**
 * The last samples that lie on a grid of frames `duration` long, as points [number of the frame, time]. Single samples
 * beside it are left out: a browser in a hurry tells a frame too early, or the clock's time. Several in a row are where
 * another grid begins.
 */
function lastOnGrid(samples, duration) {
  const points = [[0, samples[samples.length - 1].time]];
  let astray = 0;
  let all = 0;
  for (let i = samples.length - 2; i >= 0 && astray <= ASTRAY; i -= 1) {
    const [number, time] = points[points.length - 1];
    const frames = (time - samples[i].time) / duration;
    const whole = Math.round(frames);
    if (Math.abs(frames - whole) > BESIDE) {
      astray += 1;
      all += 1;
    } else {
      astray = 0;
      points.push([number - whole, samples[i].time]);
    }
  }
  return all - astray > points.length * FEW ? [] : points;
}

/**
 * The grid {phase, duration, steady} of frames that were shown one after the other, from samples {time, count}: the
 * time of a frame and how many had been presented by then, both ascending. Null while there are too few. A slow screen
 * leaves frames out; they are counted all the same. `steady` is false where the frames lie on no grid.
 */
export function gridOf(samples) {
  if (samples.length < ENOUGH) {
    return null;
  }
  const last = samples[samples.length - 1].time;
  const lengths = samples.slice(1).map(({ time, count }, i) => {
    return (time - samples[i].time) / Math.max(1, count - samples[i].count);
  });
  const forward = lengths.filter((length) => length > 0).sort((a, b) => a - b);
  if (forward.length < ENOUGH - 1) {
    return null;
  }
  const short = forward[Math.floor(forward.length / 4)];
  const alike = lengths.filter((length) => Math.abs(length - short) < ALIKE * short);
  const usual = alike.reduce((sum, length) => sum + length, 0) / alike.length;
  const points = Array.from({ length: ASTRAY + 1 }, (_, left) => {
    return lastOnGrid(samples.slice(0, samples.length - left), usual);
  }).find(({ length }) => length >= ENOUGH);
  if (!points) {
    return { phase: last, duration: usual, steady: false };
  }
  const duration = 1 / snapRate(1 / fit(points)[1]);
  const phase = points.reduce((sum, [number, time]) => sum + time - number * duration, 0) / points.length;
  return { phase, duration, steady: true };
}

/**
 * The grid by a rate in frames per second and the time of any frame, where nothing has been played. Null stands for an
 * unknown rate or time.
 */
export function gridByRate(rate, frame) {
  return { phase: frame || 0, duration: 1 / snapRate(rate || USUAL_RATE), steady: rate !== null && frame !== null };
}

/** Whether a recording's average rate, in frames per second or null, is that of a grid: else frames are missing. */
export function isFull({ duration }, rate) {
  return rate === null || Math.abs(rate * duration - 1) < MISSING;
}

/** The middle of the frame that is `count` frames after the one shown at `position`. */
export function stepTarget({ phase, duration }, position, count) {
  return phase + (Math.floor((position - phase) / duration + ROUNDING) + count + 0.5) * duration;
}
