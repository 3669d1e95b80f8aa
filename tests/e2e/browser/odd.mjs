// A viewer with a phone opens one stream after the other, live or recorded, and reports whether each plays, what the
// page says, and what is wrong with it.
//
// node odd.mjs '{"browser", "executable", "url", "cookie": [name, value], "streams": [id, …], "marked": [id, …],
//                "artefacts", "name"}'
// `marked`: those whose streamer could mend something.

import { emit, findings, lookUntil, observe, report, withPage } from "./browser.mjs";
import { faults, overlaps, phoneFaults, SIZES } from "./inspect.mjs";

const plan = JSON.parse(process.argv[2]);
const ENOUGH_S = 1.5;
// A finger needs this much, in CSS pixels.
const TOUCH_PX = 44;

async function follow(page) {
  await page.setViewport(SIZES.phone);
  const seen = await observe(page);
  const [name, value] = plan.cookie;
  await page.setCookie({ name, value, url: plan.url });
  for (const stream of plan.streams) {
    await page.goto(`${plan.url}/player?id=${stream}`, { waitUntil: "load" });
    const first = await lookUntil(page, `${stream} to begin`, ({ time }) => time !== null, 30);
    await lookUntil(page, `${stream} to go on`, ({ time }) => time > first.time + ENOUGH_S, 30);
    const said = ({ size, message }) => size[0] > 0 || message !== "";
    const last = await lookUntil(page, "words where there is no picture", said, 10);
    if (plan.marked.includes(stream)) {
      await page.waitForSelector("#mark:not([hidden])", { timeout: 40000 });
    }
    const mark = await page.$eval("#mark", ({ hidden, title, href }) => ({ hidden, title, href }));
    await page.screenshot({ path: `${plan.artefacts}/${plan.name}-${stream}.png` });
    const small = await phoneFaults(page, TOUCH_PX);
    const wrong = { faults: await faults(page), small, overlaps: await overlaps(page) };
    emit("played", { stream, mark, ...wrong, ...last });
  }
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow, { pointer: "finger" }));
