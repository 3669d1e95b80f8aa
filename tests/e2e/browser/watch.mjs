// One viewer's evening: logs in, watches live, seeks back, returns to the live edge, loses the network for a while and
// stays on the page until the replay plays ("until": "replay"). Or watches live until the server has forgotten this
// viewer ("until": "login").
//
// node watch.mjs '{"browser", "executable", "url", "login": [name, password], "until", "artefacts", "name"}'

import { emit, findings, look, lookUntil, observe, pause, report, withPage } from "./browser.mjs";
import { openGate } from "./gate.mjs";
import { loseNetwork, lookBack, openAs, seekTo, untilLive, watchLive } from "./live.mjs";

const plan = JSON.parse(process.argv[2]);

async function shoot(page, moment) {
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-${moment}.png` });
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
  const leaves = plan.until === "login";
  const gate = leaves ? null : await openGate(plan.url);
  emit("opened", { status: await openAs(page, plan.login, leaves ? plan.url : gate.url) });
  seen.challenges.length = 0;
  await untilLive(page);
  await watchLive(page, shoot);
  if (leaves) {
    await stayUntilForgotten(page);
  } else {
    await lookBack(page, shoot);
    await loseNetwork(page, gate, shoot);
    await stayUntilReplay(page);
    gate.close();
  }
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow));
