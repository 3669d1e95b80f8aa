import assert from "node:assert/strict";
import { test } from "node:test";

import { drawShapes, extend, headOf, isMeant, pictureBox, pointIn } from "../site/assets/review-shapes.js";

test("a picture lies in the middle of its box, as large as it can be", () => {
  const picture = { width: 1920, height: 1080 };
  assert.deepEqual(pictureBox({ width: 1280, height: 720 }, picture), { left: 0, top: 0, width: 1280, height: 720 });
  assert.deepEqual(pictureBox({ width: 400, height: 800 }, picture), { left: 0, top: 287.5, width: 400, height: 225 });
});

test("a point is told in parts of the picture, and beside it is its edge", () => {
  const place = { left: 10, top: 100, width: 400, height: 200 };
  assert.deepEqual(pointIn({ x: 210, y: 200 }, place), [0.5, 0.5]);
  assert.deepEqual(pointIn({ x: 0, y: 0 }, place), [0, 0]);
  assert.deepEqual(pointIn({ x: 500, y: 900 }, place), [1, 1]);
});

test("a pen's line grows by what the hand moves, an arrow only turns its tip", () => {
  const pen = { tool: "pen", points: [[0, 0]] };
  assert.deepEqual(extend(pen, [0.001, 0]).points, [[0, 0]]);
  assert.deepEqual(extend(pen, [0.1, 0]).points, [[0, 0], [0.1, 0]]);
  const arrow = extend(extend({ tool: "arrow", points: [[0, 0]] }, [0.5, 0]), [0, 0.5]);
  assert.deepEqual(arrow.points, [[0, 0], [0, 0.5]]);
});

test("a click is a dot with the pen and nothing with the arrow", () => {
  assert.ok(isMeant({ tool: "pen", points: [[0, 0]] }));
  assert.ok(!isMeant({ tool: "arrow", points: [[0, 0]] }));
  assert.ok(!isMeant({ tool: "arrow", points: [[0, 0], [0.001, 0]] }));
  assert.ok(isMeant({ tool: "arrow", points: [[0, 0], [0.2, 0]] }));
});

test("an arrow's head points where the arrow does, on both sides alike", () => {
  const [left, right] = headOf([0, 0], [100, 0], 1000);
  assert.ok(left[0] < 100 && Math.abs(left[0] - right[0]) < 1e-9);
  assert.ok(Math.abs(left[1] + right[1]) < 1e-9 && left[1] !== 0);
});

test("each shape is drawn twice, its dark edge first, in the size of the picture", () => {
  const strokes = [];
  const context = { beginPath() {}, moveTo() {}, lineTo() {}, quadraticCurveTo() {} };
  context.stroke = () => strokes.push([context.strokeStyle, Math.round(context.lineWidth)]);
  const points = [[0, 0], [0.5, 0.5], [1, 1]];
  drawShapes(context, [{ tool: "pen", colour: "#fff", points }], { left: 0, top: 0, width: 2000, height: 1000 });
  assert.deepEqual(strokes, [["rgb(0 0 0 / 0.55)", 15], ["#fff", 9]]);
});
