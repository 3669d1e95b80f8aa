// What is drawn on a paused frame: shapes in parts of the picture's width and height, and how they look. Pure.
//
// A shape is {tool, colour, points: [[x, y], …]}, x and y from 0 to 1; its tool is "pen" or "arrow".

export const TOOLS = ["pen", "arrow"];
/** Each stands out from games’ pictures, and from the others for those who see no red and green. */
export const COLOURS = ["#ff4d5e", "#ffd43b", "#4dd2ff", "#ffffff"];
// In parts of the picture's width.
const WIDTH = 0.0045;
const HEAD = 0.022;
const HEAD_ANGLE = Math.PI / 7;
const LEAST_STEP = 0.002;
const LEAST_ARROW = 0.01;

const clamp = (value) => Math.min(1, Math.max(0, value));

/** A point of a picture that lies in {left, top, width, height}; beside it, the nearest one. */
export function pointIn({ x, y }, { left, top, width, height }) {
  return [clamp((x - left) / width), clamp((y - top) / height)];
}

/** Where a picture lies within a box, both {width, height}: as large as it can be, in the middle. */
export function pictureBox(box, picture) {
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  return { left: (box.width - width) / 2, top: (box.height - height) / 2, width, height };
}

/** A shape with one more point; an arrow has two, of which the second moves. */
export function extend(shape, point) {
  const { tool, points } = shape;
  if (tool === "arrow") {
    return { ...shape, points: [points[0], point] };
  }
  const [x, y] = points[points.length - 1];
  const step = Math.hypot(point[0] - x, point[1] - y);
  return step < LEAST_STEP ? shape : { ...shape, points: [...points, point] };
}

/** Whether a shape is more than a slip of the hand. A dot of the pen is one. */
export function isMeant({ tool, points }) {
  const [[x0, y0], [x1, y1] = [x0, y0]] = points;
  return tool === "pen" || Math.hypot(x1 - x0, y1 - y0) > LEAST_ARROW;
}

/** The two ends of an arrow's head, in px, for an arrow between two points in px on a picture of that width. */
export function headOf([x0, y0], [x1, y1], width) {
  const angle = Math.atan2(y1 - y0, x1 - x0);
  const length = Math.min(HEAD * width, Math.hypot(x1 - x0, y1 - y0));
  return [-1, 1].map((side) => [
    x1 - length * Math.cos(angle + side * HEAD_ANGLE),
    y1 - length * Math.sin(angle + side * HEAD_ANGLE),
  ]);
}

function trace(context, points) {
  context.beginPath();
  context.moveTo(...points[0]);
  if (points.length === 1) {
    // A dot.
    context.lineTo(points[0][0] + 0.1, points[0][1]);
  }
  // Through the middles between the points, so that a line of few points is round.
  points.slice(1, -1).forEach(([x, y], i) => {
    const [nextX, nextY] = points[i + 2];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  });
  if (points.length > 1) {
    context.lineTo(...points[points.length - 1]);
  }
}

function traceShape(context, { tool, points }, width) {
  trace(context, points);
  if (tool === "arrow" && points.length === 2) {
    const [left, right] = headOf(points[0], points[1], width);
    context.moveTo(...left);
    context.lineTo(...points[1]);
    context.lineTo(...right);
  }
}

/** Draws shapes into a box {left, top, width, height} of a canvas, in px. Each has a dark edge, for bright pictures. */
export function drawShapes(context, shapes, { left, top, width, height }) {
  context.lineCap = "round";
  context.lineJoin = "round";
  shapes.forEach((shape) => {
    const points = shape.points.map(([x, y]) => [left + x * width, top + y * height]);
    const line = Math.max(2, WIDTH * width);
    [
      ["rgb(0 0 0 / 0.55)", line * 1.7],
      [shape.colour, line],
    ].forEach(([colour, thick]) => {
      context.strokeStyle = colour;
      context.lineWidth = thick;
      traceShape(context, { ...shape, points }, width);
      context.stroke();
    });
  });
}
