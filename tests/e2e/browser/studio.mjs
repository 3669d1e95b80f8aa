// A streamer keeps the page open beside the game: not on air, refused, on air with a setting that costs viewers 20 s,
// and hands out the link. At each moment the page is asked what is wrong with it.
//
// node studio.mjs '{"browser", "executable", "url", "cookie": [name, value], "size": "desktop" | "phone", "artefacts",
//                   "name"}'

import { emit, findings, observe, pause, report, withPage } from "./browser.mjs";
import { faults, overlaps, phoneFaults, SIZES } from "./inspect.mjs";

const plan = JSON.parse(process.argv[2]);
// A finger needs this much, in CSS pixels.
const TOUCH_PX = 44;

/** Reports what the page says and what is wrong with it; `name` is the moment's. */
async function inspect(page, name) {
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-${name}.png` });
  const said = await page.evaluate(() => ({
    badge: document.getElementById("badge").textContent,
    words: document.body.innerText,
    source: document.documentElement.outerHTML,
  }));
  const small = plan.size === "phone" ? await phoneFaults(page, TOUCH_PX) : [];
  emit(name, { ...said, faults: await faults(page), small, overlaps: await overlaps(page) });
}

/** Waits until the page says something. */
async function read(page, words, seconds) {
  await page.waitForFunction((wanted) => document.body.innerText.includes(wanted), { timeout: seconds * 1000 }, words);
  await pause(300);
}

async function follow(page) {
  await page.setViewport(SIZES[plan.size]);
  const seen = await observe(page);
  const [name, value] = plan.cookie;
  await page.setCookie({ name, value, url: plan.url });
  await page.goto(plan.url, { waitUntil: "load" });
  await read(page, "Not on air", 20);
  await inspect(page, "waiting");
  await read(page, "Refused at", 30);
  await inspect(page, "refused");
  await read(page, "Key frames come every 8 s", 90);
  await inspect(page, "advised");
  // Without a clipboard, as over plain HTTP.
  await page.evaluate(() => Object.defineProperty(window.navigator, "clipboard", { value: undefined }));
  await page.focus("#copy");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("copied").textContent !== "", { timeout: 5000 });
  await inspect(page, "copied");
  emit("done", { link: await page.$eval("#link", (link) => link.href), ...(await findings(seen)) });
}

await report(() => withPage(plan, follow, { pointer: plan.size === "desktop" ? "mouse" : "finger" }));
