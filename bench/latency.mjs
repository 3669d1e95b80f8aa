// Watches what is live and says of pictures on screen which they are and when they were there.
//
// node latency.mjs '{"browser", "executable", "url", "login": [name, password], "seconds", "artefacts", "name"}'

import { emit, look, pause, report, withPage } from "../tests/e2e/browser/browser.mjs";
import { openAs, untilLive } from "../tests/e2e/browser/live.mjs";

const plan = JSON.parse(process.argv[2]);
const EVERY_MS = 500;

async function watch(page) {
  await openAs(page, plan.login, plan.url);
  await untilLive(page);
  await page.evaluate(() => {
    window.stalls = 0;
    document.querySelector("video.raised").addEventListener("waiting", () => {
      window.stalls += 1;
    });
  });
  const until = Date.now() + plan.seconds * 1000;
  while (Date.now() < until) {
    await pause(EVERY_MS);
    const { number, now } = await look(page);
    emit("sample", { number, now });
  }
  emit("done", { stalls: await page.evaluate(() => window.stalls) });
}

await report(() => withPage(plan, watch));
