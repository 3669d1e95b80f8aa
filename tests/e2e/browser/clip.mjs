// Plays a clip of the test pattern as an ordinary video of the site: its first picture, some of its frames, all of it.
//
// node clip.mjs '{"browser", "executable", "url": of the home page, "login": [name, password] | null, "clip": path,
//                 "fps", "frames": numbers of frames in the clip, "artefacts", "name"}'

import { arrive, emit, findings, look, lookUntil, observe, pause, report, withPage } from "./browser.mjs";

const plan = JSON.parse(process.argv[2]);

/** Puts the clip into the page; `look` finds it by its class. */
function place(source) {
  const video = document.createElement("video");
  Object.assign(video, { className: "raised", muted: true, preload: "auto", src: source });
  document.body.append(video);
}

/** The number on screen when it has stayed the same for a while: a frame is shown some time after its seek. */
async function settled(page) {
  let { number } = await look(page);
  for (let same = 0; same < 4; same += 1) {
    await pause(60);
    const now = (await look(page)).number;
    if (now !== number) {
      number = now;
      same = -1;
    }
  }
  return number;
}

/** Plays it from its beginning to its end: the numbers on the way, as far as they were looked at. */
async function play(page) {
  await page.evaluate(() => {
    const video = document.querySelector("video.raised");
    video.currentTime = 0;
    video.play();
  });
  await lookUntil(page, "the beginning", ({ time, number }) => time < 1 && number !== null, 10);
  const numbers = [];
  await lookUntil(
    page,
    "the end",
    ({ number, ended }) => {
      numbers.push(number);
      return ended;
    },
    60,
  );
  return numbers.filter((number) => number !== null);
}

async function follow(page) {
  const seen = await observe(page);
  if (plan.login) {
    const [username, password] = plan.login;
    await page.authenticate({ username, password });
  }
  await arrive(page, plan.url);
  await page.evaluate(place, plan.clip);
  // Whoever asks WebKitGTK sooner what can be sought is told of a video without a length, for ever.
  await page.waitForFunction(() => document.querySelector("video.raised").readyState >= 2, { timeout: 20000 });
  await lookUntil(page, "a picture", ({ number }) => number !== null, 20);
  emit("first", { number: await settled(page), duration: (await look(page)).duration });
  const shown = [];
  for (const frame of plan.frames) {
    const to = (frame + 0.5) / plan.fps;
    await page.evaluate((time) => {
      document.querySelector("video.raised").currentTime = time;
    }, to);
    await pause(150);
    shown.push(await settled(page));
  }
  emit("frames", { shown });
  emit("played", { numbers: await play(page) });
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow));
