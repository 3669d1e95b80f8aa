// A viewer looks back into a session when it ends, and its replay takes over. The uppermost video is read at each
// animation frame. "by": what the viewer does when the replay is there, "seek" or "pause".
//
// node seam.mjs '{"browser", "executable", "url", "login": [name, password], "by", "artefacts", "name"}'

import { emit, findings, look, lookUntil, observe, pause, report, withPage } from "./browser.mjs";
import { openAs, untilLive } from "./live.mjs";
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
  await page.evaluate(() => Object.defineProperty(window.navigator, "clipboard", { value: undefined }));
  // Both at the same moment: on a busy machine two frames later is a second later.
  const { number } = await look(page, "copy");
  await page.waitForSelector("#link-field:not([hidden])");
  const address = await page.$eval("#link-field", (field) => field.value);
  return { number, address };
}

/** Looks back as soon as the signal is gone, so that the replay is there before the end of the session is reached. */
async function stayBehind(page) {
  await lookUntil(page, "the end of the signal", ({ state }) => state === "interrupted", 600);
  const { seekable } = await look(page);
  await inVideo(page, "seek", seekable[0] + 1);
  await inVideo(page, "play");
  const ready = await lookUntil(page, "the replay", ({ state }) => state === "replay", 300);
  await pause(2500);
  return { ready, still: await look(page) };
}

async function change(page) {
  const usual = Math.round(longestFreeze(await takeTop(page)));
  if (plan.by === "pause") {
    await inVideo(page, "pause");
  } else {
    await inVideo(page, "seek", (await look(page)).time - 3);
    await pause(400);
    await takeTop(page);
  }
  await lookUntil(page, "the replay on screen", ({ source }) => source === "mp4", 30);
  await pause(2500);
  const samples = await takeTop(page);
  await shoot(page, "replay");
  return { usual, ...changeOf(samples.filter(({ seeking }) => !seeking)) };
}

async function follow(page) {
  const seen = await observe(page);
  await openAs(page, plan.login, plan.url);
  await untilLive(page);
  emit("copied", await copyMoment(page));
  const { ready, still } = await stayBehind(page);
  await watchTop(page);
  await shoot(page, "closed");
  await takeTop(page);
  await pause(2000);
  emit("waiting", { ready, still });
  const changed = await change(page);
  const after = await look(page);
  await inVideo(page, "play");
  await lookUntil(page, "moving on", ({ time }) => time > after.time + 0.5, 10);
  const controls = await page.$eval("media-controller", (controller) => ({
    follows: controller.media === document.querySelector("video.raised"),
    paused: controller.hasAttribute("mediapaused"),
    videos: document.querySelectorAll("video").length,
  }));
  emit("changed", { changed, after, controls, copied: await copyMoment(page) });
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow));
