// Watches streams that have been live for long, says what that costs the browser, and looks back at random places.
//
// node dvr.mjs '{"browser", "executable", "seconds", "runs", "settle", "seeks", "visits": [{"name", "url"}]}': so many
// `runs` of `seconds` each; `seeks` of the visits that have them, each by the share of the window that it goes to.

import { emit, launch, look, lookUntil, pause, report } from "../tests/e2e/browser/browser.mjs";
import { heapOf } from "./inside.mjs";

const plan = JSON.parse(process.argv[2]);
const FPS = 30;
/** Frames of the loop that the stream is made of. */
const LOOP = 64 * FPS;
const NEAR_FRAMES = 2;
const LIMIT_S = 20;

/** Processor seconds of all the browser's processes. */
async function used(session) {
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

async function watch(session, page, name) {
  for (let run = 0; run < plan.runs; run += 1) {
    const [began, before] = [performance.now(), await used(session)];
    await pause(plan.seconds * 1000);
    const cpu = ((await used(session)) - before) / ((performance.now() - began) / 1000);
    emit("watched", { name, cpu });
  }
  const heaps = [heapOf(await page.createCDPSession()), ...page.workers().map(({ client }) => heapOf(client))];
  emit("held", { name, mb: (await Promise.all(heaps)).reduce((sum, one) => sum + one, 0) });
}

/** Goes to a share of the window; gives when its picture came to the screen, in s, and which it is. */
function seek(page, share) {
  return page.evaluate(
    (wanted, limit) =>
      new Promise((resolve, reject) => {
        const video = document.querySelector("video.raised");
        const [first, last] = [video.seekable.start(0), video.seekable.end(0)];
        const target = first + wanted * (last - first);
        const began = performance.now();
        setTimeout(() => reject(new Error(`no picture ${limit} s after a seek to ${target}`)), limit * 1000);

        function presented(now, { mediaTime, presentationTime }) {
          // Whatever still came of the place before is passed over.
          if (presentationTime < began || Math.abs(mediaTime - target) > 1) {
            video.requestVideoFrameCallback(presented);
            return;
          }
          resolve({ seconds: (presentationTime - began) / 1000, target, mediaTime });
        }

        video.requestVideoFrameCallback(presented);
        video.currentTime = target;
      }),
    share,
    LIMIT_S,
  );
}

/** By how many frames the picture is another one than its time says, measured against an earlier look. */
function off(one, other) {
  const frames = other.number - one.number - Math.round((other.time - one.time) * FPS);
  const rest = ((frames % LOOP) + LOOP) % LOOP;
  return Math.min(rest, LOOP - rest);
}

/** What is seen as soon as there is a picture to be read: for a moment after a seek there may be none. */
async function lookAt(page) {
  let seen = await look(page);
  for (let tries = 0; seen.number === null && tries < 40; tries += 1) {
    await pause(50);
    seen = await look(page);
  }
  return seen;
}

async function lookBack(page, name, shares) {
  const before = await lookAt(page);
  for (const share of shares) {
    const found = await seek(page, share);
    const after = await lookAt(page);
    if (off(before, after) > NEAR_FRAMES) {
      throw new Error(`another picture than that of ${found.target}: ${JSON.stringify([before, after])}`);
    }
    emit("seeked", { name, share, ...found });
    await pause(plan.settle * 1000);
  }
}

async function visit({ name, url, seeks }) {
  const browser = await launch(plan);
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 800 });
    await page.goto(url, { waitUntil: "domcontentloaded" });
    await lookUntil(page, "live picture", ({ source, number, time }) => source === "hls" && number > 0 && time > 0, 60);
    // The driver listens to the network, and whoever listens is kept all that arrives: a viewer's browser does not.
    await page._client().send("Network.disable");
    await pause(plan.settle * 1000);
    await watch(await browser.target().createCDPSession(), page, name);
    await lookBack(page, name, seeks || []);
  } finally {
    await browser.close();
  }
}

await report(async () => {
  for (const one of plan.visits) {
    await visit(one);
  }
  emit("done");
});
