// How the review looks: its panel, strips, pen and pages, on a desk and on a phone. Of each a picture, and what is
// wrong with it for who cannot see it, for a finger, and to the eye.
//
// node review-looks.mjs '{"browser", "executable", "url", "login": [name, password], "replay": path of one replay,
//   "match": path of the page with several views, "size": "desktop" | "phone", "artefacts", "name"}'

import { arrive, emit, findings, lookUntil, observe, pause, report, withPage } from "./browser.mjs";
import { faults, overlaps, phoneFaults, SIZES } from "./inspect.mjs";
import { readViews, untilViews } from "./view-numbers.mjs";

const plan = JSON.parse(process.argv[2]);
const phone = plan.size === "phone";
// A finger needs this much, in CSS pixels.
const TOUCH_PX = 44;

/** Looks at the page as it stands. */
async function inspect(page, moment) {
  // A word on the picture lies upon whatever is there, and goes by itself.
  const said = () => [...document.querySelectorAll("#hint")].some(({ textContent }) => textContent !== "");
  await page.waitForFunction(`!(${said})()`, { timeout: 8000 });
  await pause(300);
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-${moment}.png` });
  const small = phone ? await phoneFaults(page, TOUCH_PX) : [];
  emit("looked", { moment, faults: await faults(page), overlaps: await overlaps(page), small });
}

/** Presses one of the panel's tools as whoever sees its words does. */
async function press(page, words) {
  const tools = await page.$$(".tools button");
  const found = await Promise.all(tools.map((tool) => tool.evaluate((one) => one.textContent)));
  const tool = tools[found.findIndex((one) => one.startsWith(words))];
  await (phone ? tool.tap() : tool.click());
}

async function openPanel(page) {
  await page.waitForSelector("#review-button[aria-controls]", { timeout: 20000 });
  await page.evaluate(() => document.getElementById("review-button").click());
  await page.waitForSelector("#review-notes .marker", { timeout: 10000 });
}

/** Everything that can be opened, one after the other. */
async function lookAround(page, where) {
  await openPanel(page);
  await inspect(page, `${where}-panel`);
  await press(page, "Marker");
  await page.waitForSelector(".strip input", { timeout: 5000 });
  await inspect(page, `${where}-marker`);
  await page.keyboard.press("Escape");
  await press(page, "Clip");
  await page.waitForSelector(".strip .facts", { timeout: 5000 });
  await inspect(page, `${where}-clip`);
  await page.keyboard.press("Escape");
  await press(page, "Draw");
  await page.waitForSelector(".pen canvas", { timeout: 5000 });
  await draw(page);
  await inspect(page, `${where}-pen`);
  await page.keyboard.press("Escape");
  for (const tab of ["clips", "match"]) {
    await page.evaluate((name) => document.getElementById(`review-tab-${name}`).click(), tab);
    await inspect(page, `${where}-${tab}`);
  }
}

async function draw(page) {
  const canvas = await page.$(".pen canvas");
  await canvas.evaluate((element) => element.scrollIntoView({ block: "nearest" }));
  const box = await canvas.boundingBox();
  const at = (x, y) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(0.2, 0.3));
  await page.mouse.down();
  await page.mouse.move(...at(0.7, 0.5), { steps: 6 });
  await page.mouse.up();
}

async function lookAtReplay(page) {
  await arrive(page, plan.url + plan.replay);
  await lookUntil(page, "the replay", ({ source, time }) => source === "mp4" && time > 0, 40);
  await page.evaluate(() => document.querySelector("video.raised").pause());
  await lookAround(page, "replay");
}

async function lookAtMatch(page) {
  await arrive(page, plan.url + plan.match);
  const there = ({ views }) => views.filter(({ number }) => number !== null).length >= (phone ? 1 : 5);
  await untilViews(page, "the pictures", there, 60);
  await pause(3000);
  await page.evaluate(() => document.getElementById("play").click());
  await pause(1500);
  emit("stood", await readViews(page));
  await inspect(page, "match");
  await lookAround(page, "match");
}

async function lookAtHome(page) {
  await arrive(page, `${plan.url}/`);
  await page.waitForSelector("body:not(.loading)", { timeout: 20000 });
  await inspect(page, "home");
}

async function follow(page) {
  const seen = await observe(page);
  await page.setViewport(SIZES[plan.size]);
  const [username, password] = plan.login;
  await page.authenticate({ username, password });
  await lookAtHome(page);
  seen.challenges.length = 0;
  await lookAtReplay(page);
  await lookAtMatch(page);
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow, { pointer: phone ? "finger" : "mouse" }));
