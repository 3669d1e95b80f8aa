// A viewer looks back into a session when it ends, and its replay takes over. The uppermost video is read at each
// animation frame. "by": what the viewer does when the replay is there: "seek", "pause", look at another "tab", or
// pause it in a "window" of its own (picture in picture). "thorough": what may happen while live happens before.
//
// node seam.mjs '{"browser", "executable", "url", "login": [name, password], "by", "thorough", "artefacts",
//                 "name"}'

import { emit, findings, look, lookUntil, observe, pause, report, withPage } from "./browser.mjs";
import { openGate } from "./gate.mjs";
import { loseNetwork, lookBack, openAs, untilLive, watchLive } from "./live.mjs";
import { changeOf, longestFreeze, takeTop, watchTop } from "./top.mjs";

const plan = JSON.parse(process.argv[2]);

const inVideo = (page, action, ...args) =>
  page.evaluate(
    ([name, position]) => {
      const video = document.querySelector("video.raised");
      if (name === "seek") {
        video.currentTime = position;
      } else {
        video[name]();
      }
    },
    [action, ...args],
  );

async function shoot(page, moment) {
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-${moment}.png` });
}

/** What the button gives without a clipboard: the wall clock of the picture, in ms, and the number on it. */
async function copyMoment(page) {
  await page.evaluate(() => {
    Object.defineProperty(window.navigator, "clipboard", { value: undefined });
  });
  // Both at the same moment: on a busy machine two frames later is a second later.
  const { number } = await look(page, "copy");
  await page.waitForSelector("#link-field:not([hidden])");
  const address = await page.$eval("#link-field", (field) => field.value);
  return { number, address };
}

/**
 * Falls behind, so that the replay is there before the end of the session is reached: by looking back as soon as the
 * signal is gone, or, without a seek, by having paused before.
 */
async function stayBehind(page) {
  if (plan.thorough) {
    await inVideo(page, "pause");
  }
  await lookUntil(page, "the end of the signal", ({ state }) => state === "interrupted", 600);
  if (!plan.thorough) {
    await inVideo(page, "seek", (await look(page)).seekable[0] + 1);
  }
  await inVideo(page, "play");
  const ready = await lookUntil(page, "the replay", ({ state }) => state === "replay", 300);
  await pause(2500);
  return { ready, still: await look(page) };
}

/** What the viewer does when the replay is there. */
const WAYS = {
  pause: (page) => inVideo(page, "pause"),
  async seek(page) {
    await inVideo(page, "seek", (await look(page)).time - 3);
    await pause(400);
    await takeTop(page);
  },
  async window(page) {
    // The field with the link has the focus, where a key is a letter.
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("p");
    await page.waitForFunction(() => document.pictureInPictureElement !== null, { timeout: 5000 });
    await page.keyboard.press("k");
  },
};

async function change(page) {
  const usual = Math.round(longestFreeze(await takeTop(page)));
  await WAYS[plan.by](page);
  await lookUntil(page, "the replay on screen", ({ source }) => source === "mp4", 30);
  await pause(2500);
  const samples = await takeTop(page);
  await shoot(page, "replay");
  return { usual, ...changeOf(samples.filter(({ seeking }) => !seeking)) };
}

/** Looks at another tab meanwhile: `drift` is what the match has advanced more than the clock, in s. */
async function changeUnseen(page) {
  async function clock() {
    const { now, number } = await look(page);
    return now - number / 30;
  }
  const before = await clock();
  const other = await page.browser().newPage();
  const hidden = await page.evaluate(() => document.hidden);
  await lookUntil(page, "the replay in the other tab", ({ source }) => source === "mp4", 30);
  await page.bringToFront();
  await pause(1000);
  const drift = before - (await clock());
  await other.close();
  await shoot(page, "replay");
  return { hidden, drift };
}

async function follow(page) {
  const seen = await observe(page);
  const gate = plan.thorough ? await openGate(plan.url) : null;
  await openAs(page, plan.login, gate ? gate.url : plan.url);
  seen.challenges.length = 0;
  await untilLive(page);
  if (gate) {
    await watchLive(page, shoot);
    await lookBack(page, shoot);
    await loseNetwork(page, gate, shoot);
  }
  emit("copied", await copyMoment(page));
  const { ready, still } = await stayBehind(page);
  await watchTop(page);
  await shoot(page, "closed");
  await takeTop(page);
  await pause(2000);
  emit("waiting", { ready, still });
  const changed = await (plan.by === "tab" ? changeUnseen(page) : change(page));
  const after = await look(page);
  await inVideo(page, "play");
  await lookUntil(page, "moving on", ({ time }) => time > after.time + 0.5, 10);
  const controls = await page.$eval("media-controller", (controller) => ({
    follows: controller.media === document.querySelector("video.raised"),
    paused: controller.hasAttribute("mediapaused"),
    videos: document.querySelectorAll("video").length,
    window: document.pictureInPictureElement ? document.pictureInPictureElement.className : null,
  }));
  emit("changed", { changed, after, controls, copied: await copyMoment(page) });
  if (gate) {
    gate.close();
  }
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow));
