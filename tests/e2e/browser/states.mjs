// One viewer follows a stream through everything that the pages have to say, and asks at each state what is wrong with
// it. The test makes the states: it pushes and stops when it is told that the viewer has seen the last one.
//
// node states.mjs '{"browser", "executable", "url", "cookie": [name, value], "size": "desktop" | "phone", "artefacts",
//                   "name"}'

import { emit, findings, look, lookUntil, observe, pause, report, withPage } from "./browser.mjs";
import { visitHomes } from "./home-states.mjs";
import { faults, moves, overlaps, phoneFaults, SIZES } from "./inspect.mjs";

const plan = JSON.parse(process.argv[2]);
// A finger needs this much, in CSS pixels.
const TOUCH_PX = 44;
// What is drawn slowly is drawn by then, in ms.
const DRAWN_MS = 400;

/** Draws the page and looks for faults; `name` is the state's. */
async function inspect(page, name) {
  const shot = () => page.screenshot({ path: `${plan.artefacts}/${plan.name}-${name}.png` });
  await pause(DRAWN_MS);
  await shot();
  const small = plan.size === "phone" ? await phoneFaults(page, TOUCH_PX) : [];
  const wrong = { faults: await faults(page), small, overlaps: await overlaps(page), moves: await moves(page) };
  emit("seen", { name, size: plan.size, ...wrong, ...(await look(page)) });
}

const inVideo = (page, action, ...args) =>
  page.evaluate(
    ([name, value]) => {
      const video = document.querySelector("video.raised");
      if (name === "seek") {
        video.currentTime = value;
      } else {
        video[name]();
      }
    },
    [action, ...args],
  );

async function open(page) {
  await page.goto(plan.url, { waitUntil: "load" });
  await lookUntil(page, "a state", ({ state }) => state !== "loading", 20);
}

async function waitForStream(page) {
  const { source } = await look(page);
  await inspect(page, source === "none" ? "waiting" : "before");
  emit("waiting");
  const offered = ({ state, number, buttons }) => state === "live" && (buttons.switch || number > 0);
  if ((await lookUntil(page, "live, or the offer of it", offered, 60)).source === "mp4") {
    await page.click("#switch");
    await lookUntil(page, "live picture", ({ source: shown, number }) => shown === "hls" && number > 0, 30);
  }
}

const MENUS = [
  {
    name: "preview",
    async begin(page) {
      const box = await (await page.$("media-time-range")).boundingBox();
      await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2);
    },
    end: (page) => page.mouse.move(5, 5),
  },
  {
    name: "speeds",
    begin: (page) => page.$eval("#speed", (button) => button.click()),
    end: (page) => page.keyboard.press("Escape"),
  },
  {
    name: "sheet",
    begin: (page) => page.keyboard.press("?"),
    end: (page) => page.keyboard.press("Escape"),
  },
  {
    name: "link",
    // Without a clipboard, as over plain HTTP.
    async begin(page) {
      await page.evaluate(() => Object.defineProperty(window.navigator, "clipboard", { value: undefined }));
      await page.keyboard.press("c");
    },
    end: (page) => page.keyboard.press("Escape"),
  },
];

async function openMenus(page, where) {
  for (const { name, begin, end } of MENUS) {
    await begin(page);
    await inspect(page, `${where}-${name}`);
    await end(page);
  }
}

async function watchLive(page) {
  await pause(3000);
  await inspect(page, "live");
  await openMenus(page, "live");
  await lookUntil(page, "28 s to seek back", ({ seekable, time }) => seekable && time - seekable[0] > 28, 60);
  await inVideo(page, "seek", (await look(page)).seekable[0] + 2);
  // So slow that the end of the session is not reached while it ends.
  for (const key of ["<", "<", "<"]) {
    await page.keyboard.press(key);
  }
  await pause(1000);
  await inspect(page, "dvr");
}

async function watchItEnd(page) {
  emit("behind");
  await lookUntil(page, "the signal lost", ({ state }) => state === "interrupted", 60);
  await inspect(page, "interrupted");
  await lookUntil(page, "the end", ({ state, source }) => state === "processing" && source === "dvr", 60);
  await inspect(page, "processing");
  emit("processing");
  await lookUntil(page, "the replay", ({ state }) => state === "replay", 60);
  await inspect(page, "ready");
}

async function watchReplay(page) {
  await inVideo(page, "pause");
  await lookUntil(page, "the replay on screen", ({ source, number }) => source === "mp4" && number !== null, 30);
  await inspect(page, "replay");
  await openMenus(page, "replay");
  await inVideo(page, "seek", 15);
  await pause(1000);
  await open(page);
  await page.waitForSelector("#hint.shown", { timeout: 5000 });
  await lookUntil(page, "its picture", ({ number }) => number !== null, 20);
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-resumed.png` });
  emit("resumed", { hint: await page.$eval("#hint", (hint) => hint.textContent) });
  await lookUntil(page, "the replay going on", ({ time, number }) => number !== null && time > 14.5, 20);
  await inVideo(page, "seek", 3600);
  await lookUntil(page, "its end", ({ ended }) => ended, 20);
  await inspect(page, "ended");
}

async function loseIt(page) {
  emit("ended");
  await lookUntil(page, "the offer of live", ({ buttons }) => buttons.switch, 60);
  await inspect(page, "again");
  await page.setOfflineMode(true);
  await lookUntil(page, "a lost connection", ({ problem }) => problem === "connection", 30);
  await inspect(page, "connection");
  await page.setOfflineMode(false);
  await lookUntil(page, "the connection back", ({ problem }) => problem === "", 60);
  await page.deleteCookie(...(await page.cookies()));
  await lookUntil(page, "a request to log in", ({ problem }) => problem === "login", 60);
  await inspect(page, "login");
}

async function follow(page) {
  await page.setViewport(SIZES[plan.size]);
  const seen = await observe(page);
  // A browser that was given a password once goes on to send it.
  const [name, value] = plan.cookie;
  await page.setCookie({ name, value, url: plan.url });
  await visitHomes(page, plan.url, inspect);
  await open(page);
  for (const part of [waitForStream, watchLive, watchItEnd, watchReplay, loseIt]) {
    await part(page);
  }
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow, { pointer: plan.size === "desktop" ? "mouse" : "finger" }));
