// A part of the picture, enlarged: the same part in every view. Pure; a zoom is {scale, x, y}, with x and y, from 0 to
// 1, the point of the picture that lies in the middle.

export const WHOLE = { scale: 1, x: 0.5, y: 0.5 };
const MOST = 6;
export const STEP = 1.25;

const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

/** No edge of the picture comes into the view. */
function inside({ scale, x, y }) {
  const half = 0.5 / scale;
  return { scale, x: clamp(x, half, 1 - half), y: clamp(y, half, 1 - half) };
}

/** Enlarged `by` times around a point (x, y) of the view, from 0 to 1, which stays where it is. */
export function zoomed(zoom, by, x = 0.5, y = 0.5) {
  const scale = clamp(zoom.scale * by, 1, MOST);
  const kept = 1 / zoom.scale - 1 / scale;
  return inside({ scale, x: zoom.x + (x - 0.5) * kept, y: zoom.y + (y - 0.5) * kept });
}

/** Moved by parts of the view, as a finger that takes the picture along. */
export function moved(zoom, right, down) {
  return inside({ scale: zoom.scale, x: zoom.x - right / zoom.scale, y: zoom.y - down / zoom.scale });
}

/** The zoom as a CSS transform of the picture. */
export function transformOf({ scale, x, y }) {
  const shift = (at) => `${((0.5 - at) * scale * 100).toFixed(3)}%`;
  return scale === 1 ? "" : `translate(${shift(x)}, ${shift(y)}) scale(${scale.toFixed(4)})`;
}
