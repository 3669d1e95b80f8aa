// One viewer's evening: logs in, watches live, seeks back, returns to the live edge and stays on the page, either
// until the replay plays ("until": "replay") or until the server has forgotten this viewer ("until": "login").
//
// node watch.mjs '{"browser", "executable", "url", "login": [name, password], "until", "artefacts", "name"}'

import { arrive, emit, findings, look, lookUntil, observe, pause, report, withPage } from "./browser.mjs";

const plan = JSON.parse(process.argv[2]);

const seekTo = (page, seconds) =>
  page.evaluate((position) => {
    document.querySelector("video.raised").currentTime = position;
  }, seconds);

async function shoot(page, moment) {
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-${moment}.png` });
}

async function logIn(page) {
  const [username, password] = plan.login;
  await page.authenticate({ username, password });
  const status = await arrive(page, plan.url, "domcontentloaded");
  // From here on nobody answers for the viewer any more: a challenge would be the browser's own window.
  await page.authenticate(null);
  return status;
}

async function watchLive(page) {
  // A page that was opened a moment too early shows the last replay and takes nobody away from it.
  const offered = ({ state, source, buttons }) => state === "live" && (source === "hls" || buttons.switch);
  if ((await lookUntil(page, "live, or the offer of it", offered, 40)).source === "mp4") {
    await page.click("#switch");
  }
  await lookUntil(page, "live picture", ({ source, number, time }) => source === "hls" && number > 0 && time > 0, 40);
  const first = await look(page);
  await pause(3000);
  const second = await look(page);
  await shoot(page, "live");
  emit("live", { first, second });
}

async function seekBack(page) {
  const deep = ({ seekable, time }) => seekable && time - seekable[0] > 11;
  const before = await lookUntil(page, "11 s to seek back", deep, 60);
  await seekTo(page, before.time - 10);
  await pause(3000);
  const after = await look(page);
  await shoot(page, "dvr");
  await page.click("#live");
  await pause(1000);
  const back = await lookUntil(page, "live edge", ({ number }) => number > before.number, 30);
  emit("seeked", { before, after, back });
}

async function stayUntilReplay(page) {
  const course = [];
  const note = (seen) => {
    const last = course.at(-1);
    if (!last || last.state !== seen.state || last.source !== seen.source || last.message !== seen.message) {
      course.push({ at: Date.now() / 1000, ...seen });
      shoot(page, `course-${course.length}-${seen.state}-${seen.source}`).catch(() => {});
    }
    return seen;
  };
  const replaying = (seen) => note(seen).source === "mp4" && seen.state === "replay" && seen.number !== null;
  const arrived = await lookUntil(page, "replay", replaying, 600);
  await pause(1000);
  await shoot(page, "replay");
  if (arrived.buttons["from-start"] || (await look(page)).buttons["from-start"]) {
    await page.click("#from-start");
  } else {
    await seekTo(page, 0);
  }
  const moving = ({ number, time, paused }) => !paused && time > 0.5 && time < 8 && number > 0;
  const first = await lookUntil(page, "replay from the start", moving, 20);
  await pause(2000);
  const second = await look(page);
  await shoot(page, "replay-start");
  emit("replay", { course, arrived, first, second });
}

async function stayUntilForgotten(page) {
  const seen = await lookUntil(page, "a request to log in again", ({ problem }) => problem === "login", 600);
  await pause(9000);
  await shoot(page, "forgotten");
  const href = await page.$eval("#log-in", (link) => link.getAttribute("href"));
  emit("forgotten", { seen, later: await look(page), href });
}

async function follow(page) {
  const seen = await observe(page);
  emit("opened", { status: await logIn(page) });
  seen.challenges.length = 0;
  await watchLive(page);
  if (plan.until === "login") {
    await stayUntilForgotten(page);
  } else {
    await seekBack(page);
    await stayUntilReplay(page);
  }
  emit("done", findings(seen));
}

await report(() => withPage(plan, follow));
