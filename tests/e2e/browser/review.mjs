// Two who review a stream that is live, in a browser each: one may write, the other only watches.
//
// node review.mjs '{"browser", "executable", "url", "login": [name, password], "reader": [name, password], "artefacts",
//   "name"}'

import { emit, findings, look, lookUntil, observe, pause, report, withPage } from "./browser.mjs";
import { openAs, seekTo, untilLive } from "./live.mjs";

const plan = JSON.parse(process.argv[2]);
const BACK_S = 8;
const CLIP_S = 2;
const FPS = 30;

/** What the panel of a page shows. */
const read = (page) =>
  page.evaluate(() => {
    const words = (root, name) => root.querySelector(name).textContent;
    const items = (name) => [...document.querySelectorAll(`#review-${name} .notes > li`)];
    const seen = (element) => element.getClientRects().length > 0;
    return {
      notes: items("notes").map((item) => ({
        kind: item.className,
        ...Object.fromEntries(["clock", "said", "tag", "by"].map((name) => [name, words(item, `.${name}`)])),
      })),
      clips: items("clips").map((item) => ({
        title: words(item, ".said"),
        state: item.className,
        url: item.querySelector("a").getAttribute("href"),
      })),
      marks: document.querySelectorAll(".marks .mark").length,
      tools: [...document.querySelectorAll(".tools button")].filter(seen).map((button) => button.textContent),
      forms: document.querySelectorAll("#review-match form").length,
      hint: document.getElementById("hint").textContent,
    };
  });

/** Looks at the panel again and again until `wanted(seen)` holds; returns what was seen. */
async function readUntil(page, what, wanted, seconds) {
  const deadline = Date.now() + seconds * 1000;
  let seen = null;
  while (Date.now() < deadline) {
    seen = await read(page);
    if (wanted(seen)) {
      return seen;
    }
    await pause(50);
  }
  throw new Error(`not within ${seconds} s: ${what}; last seen: ${JSON.stringify(seen)}`);
}

const press = (page, words) =>
  page.evaluate((wanted) => {
    const buttons = [...document.querySelectorAll("button")].filter((one) => one.getClientRects().length > 0);
    buttons.find((one) => one.textContent.startsWith(wanted)).click();
  }, words);

/** Files are kept in the page instead of being saved. */
const keepFiles = (page) =>
  page.evaluateOnNewDocument(() => {
    window.files = [];
    // The policy lets nobody fetch what a page has made itself.
    const blobs = new Map();
    const { createObjectURL } = URL;
    URL.createObjectURL = (blob) => {
      const url = createObjectURL.call(URL, blob);
      blobs.set(url, blob);
      return url;
    };
    const click = window.HTMLAnchorElement.prototype.click;
    window.HTMLAnchorElement.prototype.click = function keep() {
      if (this.download && this.href.startsWith("blob:")) {
        window.files.push({ name: this.download, url: this.href, blob: blobs.get(this.href) });
      } else {
        click.call(this);
      }
    };
  });

/** A kept picture: its name, its size, the number on it, and the colour of the place that was drawn upon. */
const readPicture = (page) =>
  page.evaluate(async () => {
    const { name, url } = window.files.pop();
    const image = new window.Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const colour = (x, y) => [...context.getImageData(x * canvas.width, y * canvas.height, 1, 1).data].slice(0, 3);
    let number = 0;
    for (let bit = 0; bit < 16; bit += 1) {
      number = number * 2 + (colour((bit + 0.5) / 16, 0.05)[1] > 128 ? 1 : 0);
    }
    return { name, size: [canvas.width, canvas.height], number, drawn: colour(0.5, 0.2) };
  });

/** The paused picture at a position, in s, once it is there. */
async function still(page, to) {
  await seekTo(page, to);
  await lookUntil(page, `a still picture at ${to}`, ({ time, paused }) => paused && Math.abs(time - to) < 0.05, 10);
  await pause(600);
  return look(page);
}

async function openReview(page, login) {
  await openAs(page, login, plan.url);
  await untilLive(page);
  await page.waitForSelector("#review-button[aria-controls]", { timeout: 20000 });
  await page.keyboard.press("r");
  await page.waitForSelector("#review:not([hidden])", { timeout: 5000 });
}

const stop = (page) =>
  page.evaluate(() => {
    document.querySelector("video.raised").pause();
  });

/** Marks what is on the still picture; says how long it takes until the other sees it. */
async function mark(writer, reader, words, said) {
  await writer.keyboard.press("n");
  await writer.keyboard.type(words);
  const began = Date.now();
  await writer.keyboard.press("Enter");
  const seen = await readUntil(reader, said, ({ notes }) => notes.some((note) => note.said === said), 20);
  return { took: (Date.now() - began) / 1000, seen };
}

/** A place some seconds back in the middle of a second of the pattern: beside a key frame a frame may be in doubt. */
async function placeToMark(page) {
  const { time, number } = await look(page);
  return time - BACK_S - ((number % FPS) - FPS / 2) / FPS;
}

async function markMoments(writer, reader) {
  const place = await placeToMark(writer);
  const first = await still(writer, place);
  const marked = await mark(writer, reader, "lost the fight #mistake", "lost the fight");
  await writer.keyboard.press("n");
  await writer.keyboard.type("R7");
  await press(writer, "0:00 is here");
  await readUntil(reader, "the round", ({ notes }) => notes.some(({ kind }) => kind === "round"), 20);
  await still(writer, place + 3);
  const later = await mark(writer, reader, "better", "better");
  await writer.screenshot({ path: `${plan.artefacts}/${plan.name}-marked.png` });
  await writer.evaluate(() => document.querySelector("#review-notes .marker .go").click());
  await pause(1200);
  emit("marked", { first, took: [marked.took, later.took], seen: later.seen, back: await look(writer) });
}

async function reads(reader) {
  await reader.keyboard.press("n");
  await pause(400);
  const { tools, forms, hint } = await read(reader);
  const strips = await reader.$$eval(".strip", (all) => all.length);
  emit("reader", { tools, forms, hint, strips });
}

async function savePictures(writer) {
  const shown = await look(writer);
  await writer.keyboard.press("s");
  await pause(800);
  const frame = await readPicture(writer);
  await writer.keyboard.press("d");
  await writer.waitForSelector(".pen canvas");
  const box = await (await writer.$(".pen canvas")).boundingBox();
  const at = (x, y) => [box.x + x * box.width, box.y + y * box.height];
  await writer.mouse.move(...at(0.4, 0.2));
  await writer.mouse.down();
  await writer.mouse.move(...at(0.6, 0.2), { steps: 10 });
  await writer.mouse.up();
  await writer.screenshot({ path: `${plan.artefacts}/${plan.name}-drawn.png` });
  await press(writer, "Save picture");
  await pause(800);
  const drawn = await readPicture(writer);
  await press(writer, "Undo");
  await press(writer, "Save picture");
  await pause(800);
  const undone = await readPicture(writer);
  await writer.keyboard.press("Escape");
  const open = await writer.$$eval(".pen", (all) => all.length);
  emit("pictures", { shown, frame, drawn, undone, open });
}

async function cut(writer, reader) {
  const first = await look(writer);
  await writer.keyboard.press("[");
  await pause(300);
  const last = await still(writer, first.time + CLIP_S);
  await writer.keyboard.press("]");
  await pause(300);
  const beforehand = await writer.$eval(".strip .facts", (facts) => facts.textContent);
  await writer.keyboard.press("Enter");
  const cutting = await readUntil(reader, "the clip", ({ clips }) => clips.length > 0, 20);
  const ready = await readUntil(reader, "a clip to download", ({ clips }) => clips[0].state === "clip ready", 60);
  emit("clip", { first, last, beforehand, cutting, ready });
}

async function takeAlong(writer) {
  await press(writer, "JSON");
  await press(writer, "CSV");
  const files = await writer.evaluate(() =>
    Promise.all(window.files.splice(0).map(async ({ name, blob }) => [name, await blob.text()])),
  );
  await writer.evaluate(() => Object.defineProperty(window.navigator, "clipboard", { value: undefined }));
  await press(writer, "Copy as text");
  const words = await writer.$eval("#review-notes textarea[readonly]", (field) => field.value);
  // Gives the keys back to the player.
  await writer.keyboard.press("Escape");
  emit("taken", { files, words });
}

async function takeBack(writer, reader) {
  await writer.evaluate(() => [...document.querySelectorAll("#review-notes .marker .acts button")].pop().click());
  const left = await readUntil(reader, "one marker less", ({ notes }) => notes.length === 2, 20);
  emit("removed", { left });
}

async function follow(writer, reader) {
  const seen = [await observe(writer), await observe(reader)];
  await keepFiles(writer);
  await openReview(writer, plan.login);
  await openReview(reader, plan.reader);
  // Who comes for the first time is asked, once.
  seen.forEach(({ challenges }) => challenges.splice(0));
  const deep = ({ seekable, time }) => seekable && time - seekable[0] > BACK_S + 2;
  await lookUntil(writer, "enough to look back on", deep, 40);
  await Promise.all([writer, reader].map(stop));
  await markMoments(writer, reader);
  await reads(reader);
  await savePictures(writer);
  await takeAlong(writer);
  await takeBack(writer, reader);
  await cut(writer, reader);
  emit("done", { found: [await findings(seen[0]), await findings(seen[1])] });
}

await report(() =>
  withPage(plan, (writer) => withPage({ ...plan, name: `${plan.name}-reader` }, (reader) => follow(writer, reader))),
);
