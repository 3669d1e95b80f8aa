// Watches live for a while, looks back now and then, and reports what the page's process holds.
//
// node player_memory.mjs '{"executable", "url", "seconds", "every", "lookBack", "away"}', all times in s: every so
// long a sample, every `lookBack` a visit of `away` to a time long past.

import { emit, launch, lookUntil, pause } from "../tests/e2e/browser/browser.mjs";
import { heapOf, rendererOf, resident } from "./inside.mjs";

const plan = JSON.parse(process.argv[2]);

async function sample(page, client, pid) {
  const heap = await heapOf(client);
  const workers = await Promise.all(page.workers().map((worker) => heapOf(worker.client)));
  const { Nodes: nodes, JSEventListeners: listeners } = await page.metrics();
  const seen = await page.evaluate(() => {
    const video = document.querySelector("video.raised");
    const { buffered, currentTime, seekable } = video;
    const ranges = Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
    return {
      ranges,
      buffered: ranges.reduce((sum, [start, end]) => sum + end - start, 0),
      time: currentTime,
      window: seekable.length > 0 ? seekable.end(0) - seekable.start(0) : 0,
      live: document.getElementById("live").textContent,
      dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
      elements: document.querySelectorAll("*").length,
    };
  });
  return { heap, worker: workers.reduce((sum, one) => sum + one, 0), nodes, listeners, ...resident(pid), ...seen };
}

async function watch(browser) {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(plan.url, { waitUntil: "domcontentloaded" });
  await lookUntil(page, "live picture", ({ source, number, time }) => source === "hls" && number > 0 && time > 0, 60);
  // The driver listens to the network, and whoever listens is kept all that arrives: a viewer's browser does not.
  await page._client().send("Network.disable");
  const client = await page.createCDPSession();
  const pid = await rendererOf(browser, page);
  const began = Date.now();
  const passed = () => (Date.now() - began) / 1000;
  for (let number = 0, visits = 0; number * plan.every <= plan.seconds; number += 1) {
    await pause(Math.max(0, number * plan.every - passed()) * 1000);
    emit("sample", { passed: passed(), ...(await sample(page, client, pid)) });
    if (passed() > (visits + 1) * plan.lookBack) {
      visits += 1;
      // Another tenth of the window each time.
      await page.keyboard.press(String((visits * 3) % 10));
      await pause(plan.away * 1000);
      await page.keyboard.press("End");
    }
  }
  emit("done", { errors });
}

const browser = await launch({ browser: "chromium", executable: plan.executable });
try {
  await watch(browser);
} catch (error) {
  emit("failed", { error: String(error.stack || error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
