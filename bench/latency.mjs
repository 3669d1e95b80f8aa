// Watches what is live and says of pictures on screen which they are and when they were there.
//
// node latency.mjs '{"browser", "executable", "url", "login": [name, password], "seconds", "artefacts", "name"}'

import { emit, look, pause, report, withPage } from "../tests/e2e/browser/browser.mjs";
import { openAs, untilLive } from "../tests/e2e/browser/live.mjs";

const plan = JSON.parse(process.argv[2]);
const EVERY_MS = 500;
// What a viewer's window may have, so that several browsers fit on a small machine.
const WINDOW = { width: 800, height: 600 };

/** Notes when the picture has to wait for data: {at, seconds}, times in epoch seconds. */
function noteStalls(page) {
  return page.evaluate(() => {
    const video = document.querySelector("video.raised");
    window.stalls = [];
    video.addEventListener("waiting", () => {
      if (!video.seeking) {
        window.stalls.push({ at: Date.now() / 1000, seconds: null });
      }
    });
    video.addEventListener("playing", () => {
      const last = window.stalls[window.stalls.length - 1];
      if (last && last.seconds === null) {
        last.seconds = Date.now() / 1000 - last.at;
      }
    });
  });
}

async function watch(page) {
  await page.setViewport(WINDOW);
  emit("opening");
  await openAs(page, plan.login, plan.url);
  await untilLive(page);
  await noteStalls(page);
  const until = Date.now() + plan.seconds * 1000;
  while (Date.now() < until) {
    await pause(EVERY_MS);
    const { number, now, time, seekable } = await look(page);
    emit("sample", { number, now, toEnd: seekable[1] - time });
  }
  emit("done", { stalls: await page.evaluate(() => window.stalls) });
}

await report(() => withPage(plan, watch));
