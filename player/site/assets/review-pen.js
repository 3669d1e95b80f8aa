// Drawing on the paused frame: pen, arrow, undo; the picture is saved or copied.

import { make, makeButton } from "./dom.js";
import { frameOf, pictureName, pngOf, saveFile } from "./review-picture.js";
import { isRoomy } from "./review-strip.js";
import { COLOURS, drawShapes, extend, isMeant, pictureBox, pointIn, TOOLS } from "./review-shapes.js";
import { words } from "./review-words.js";

const SETTLING_MS = 500;
// The longest frame, and what two positions of one frame may differ by.
const A_FRAME_S = 0.1;
const ROUNDING_S = 0.001;

/** Buttons of which one is chosen; `onChoose(value)`. */
function makeChoice(values, labels, onChoose, className) {
  const buttons = values.map((value, i) =>
    makeButton(className ? "" : labels[i], () => choose(value), {
      class: className,
      "aria-label": className && labels[i],
      "aria-pressed": "false",
    }),
  );
  function choose(value) {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(values[i] === value)));
    onChoose(value);
  }
  choose(values[0]);
  return { buttons, choose };
}

/** Makes it; returns {toggle()}. It is open as long as the picture stands still. */
export function setUpPen(review) {
  const { timeline } = review;
  let shapes = [];
  let shape = null;
  let tool = TOOLS[0];
  let colour = COLOURS[0];
  let video = null;
  let before = null;
  let stood = 0;
  let began = 0;

  const canvas = make("canvas", { role: "img", "aria-label": words.drawing });
  const tools = makeChoice(TOOLS, [words.pen, words.arrow], (value) => (tool = value));
  const colours = makeChoice(COLOURS, words.colours, (value) => (colour = value), "colour");
  colours.buttons.forEach((button, i) => button.style.setProperty("--colour", COLOURS[i]));
  const undoButton = makeButton(words.undo, undo);
  const clearButton = makeButton(words.clear, clear);
  const copyButton = makeButton(words.copyPicture, copy);
  const bar = make(
    "div",
    { class: "pen-bar", role: "toolbar", "aria-label": words.drawing },
    ...tools.buttons,
    make("span", { class: "colours" }, ...colours.buttons),
    undoButton,
    clearButton,
    makeButton(words.savePicture, save),
    copyButton,
    makeButton(words.done, close, { class: "plain" }),
  );
  const layer = make("div", { class: "pen" }, canvas);

  const picture = () => ({ width: video.videoWidth, height: video.videoHeight });

  /** Where the picture lies on the canvas, in px: the video may be larger than what is seen of it. */
  function place() {
    const [own, around] = [video, canvas].map((element) => element.getBoundingClientRect());
    const { left, top, width, height } = pictureBox(own, picture());
    return { left: own.left - around.left + left, top: own.top - around.top + top, width, height };
  }

  function draw() {
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * scale);
    canvas.height = Math.round(canvas.clientHeight * scale);
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    drawShapes(context, shape ? [...shapes, shape] : shapes, place());
    undoButton.disabled = clearButton.disabled = shapes.length === 0;
  }

  function pointOf(event) {
    const { left, top } = canvas.getBoundingClientRect();
    return pointIn({ x: event.clientX - left, y: event.clientY - top }, place());
  }

  function down(event) {
    if (event.button === 0 && event.isPrimary) {
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      shape = { tool, colour, points: [pointOf(event)] };
      draw();
    }
  }

  function move(event) {
    if (shape) {
      const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      (events.length > 0 ? events : [event]).forEach((one) => (shape = extend(shape, pointOf(one))));
      draw();
    }
  }

  function up() {
    if (shape) {
      shapes = isMeant(shape) ? [...shapes, shape] : shapes;
      shape = null;
      draw();
    }
  }

  function undo() {
    shapes = shapes.slice(0, -1);
    draw();
  }

  function clear() {
    shapes = [];
    draw();
  }

  /** The frame in its own size with what is drawn on it. */
  function drawn() {
    const frame = frameOf(video);
    if (frame) {
      drawShapes(frame.getContext("2d"), shapes, { left: 0, top: 0, ...picture() });
    }
    return frame;
  }

  async function save() {
    const frame = drawn();
    if (frame) {
      saveFile(await pngOf(frame), pictureName(review));
      review.hint(words.pictureSaved);
    }
  }

  async function copy() {
    const frame = drawn();
    try {
      const item = new window.ClipboardItem({ "image/png": await pngOf(frame) });
      await window.navigator.clipboard.write([item]);
      review.hint(words.pictureCopied);
    } catch {
      review.hint(words.pictureNotCopied, 4000);
    }
  }

  /** Another picture: what is drawn was not drawn on it. Just after a pause the player may put its frame right. */
  function moved() {
    const allowed = performance.now() - began < SETTLING_MS ? A_FRAME_S : 0;
    if (Math.abs(video.currentTime - stood) > allowed + ROUNDING_S || !video.paused) {
      close();
    } else {
      stood = video.currentTime;
    }
  }

  function pressed(event) {
    const undoes = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey);
    if (event.key === "Escape" || undoes) {
      event.preventDefault();
      event.stopPropagation();
      (undoes ? undo : close)();
    }
  }

  function open() {
    video = timeline.video();
    if (!frameOf(video)) {
      review.hint(words.noFrame);
      return;
    }
    timeline.pause();
    before = document.activeElement;
    stood = video.currentTime;
    began = performance.now();
    shapes = [];
    copyButton.hidden = !window.ClipboardItem;
    timeline.over(layer);
    if (isRoomy(video)) {
      layer.append(bar);
    } else {
      document.querySelector("main .line").before(bar);
    }
    document.body.classList.add("drawing");
    window.addEventListener("resize", draw);
    window.addEventListener("keydown", pressed, true);
    ["play", "seeking"].forEach((name) => video.addEventListener(name, moved));
    draw();
    tools.buttons[0].focus();
    review.hint(words.drawHelp, 4000);
  }

  function close() {
    document.body.classList.remove("drawing");
    window.removeEventListener("resize", draw);
    window.removeEventListener("keydown", pressed, true);
    ["play", "seeking"].forEach((name) => video.removeEventListener(name, moved));
    layer.remove();
    bar.remove();
    review.hint("");
    if (before && before.isConnected) {
      before.focus();
    }
  }

  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  ["pointerup", "pointercancel"].forEach((name) => canvas.addEventListener(name, up));
  ["pointerdown", "pointerup", "click", "dblclick"].forEach((name) => {
    layer.addEventListener(name, (event) => event.stopPropagation());
  });
  document.addEventListener("fullscreenchange", () => layer.isConnected && draw());

  return { toggle: () => (layer.isConnected ? close() : open()) };
}
