// Steps through a replay of the test pattern, or through what is live, frame by frame, and counts the steps that showed
// the next frame.
//
// node frames.mjs '{"browser", "executable", "url", "login": [name, password] | null, "steps", "live": true | false,
//                   "artefacts", "name"}'

import { arrive, emit, findings, look, lookUntil, observe, pause, report, withPage } from "./browser.mjs";
import { seekTo } from "./live.mjs";

const plan = JSON.parse(process.argv[2]);

/** The number on screen once it is another one than `before`, or after a second. No number is shown amid a seek. */
async function settled(page, before) {
  const deadline = Date.now() + 1000;
  for (;;) {
    await pause(25);
    const { number } = await look(page);
    if ((number !== before && number !== null) || Date.now() > deadline) {
      return number;
    }
  }
}

/** Presses a key again and again: how often the number changed by `by`, and what it did otherwise. */
async function step(page, key, by) {
  let exact = 0;
  const wrong = [];
  let before = (await look(page)).number;
  const first = before;
  for (let i = 0; i < plan.steps; i += 1) {
    await page.keyboard.press(key);
    const after = await settled(page, before);
    if (after - before === by) {
      exact += 1;
    } else {
      wrong.push([before, after]);
    }
    before = after;
  }
  return { exact, wrong, first, last: before };
}

/** What is on screen at each half second around the moment of joining, for one who looks back beyond it, paused. */
async function lookAround(page, joined) {
  const looks = [];
  for (let position = Math.max(0.25, joined - 5); position < joined + 3; position += 0.5) {
    await seekTo(page, position);
    await page.waitForFunction(() => !document.querySelector("video.raised").seeking, { timeout: 15000 });
    await pause(200);
    looks.push(await look(page));
  }
  return looks.map(({ time, number }) => [time, number]);
}

async function follow(page) {
  const seen = await observe(page);
  if (plan.login) {
    const [username, password] = plan.login;
    await page.authenticate({ username, password });
  }
  await arrive(page, plan.url);
  await lookUntil(page, "a picture that moves", ({ time, number }) => time > 0.5 && number > 0, 30);
  if (plan.live) {
    await lookUntil(page, "a live picture", ({ source, number }) => source === "hls" && number > 0, 30);
  } else {
    await page.keyboard.press("Home");
  }
  await pause(2500);
  await page.keyboard.press("k");
  await pause(600);
  if (plan.live) {
    const joined = await page.evaluate(() => document.querySelector("video.raised").buffered.start(0));
    emit("stepped", { back: await step(page, ",", -1), forward: await step(page, ".", 1) });
    emit("jumped", { looks: await lookAround(page, joined) });
    emit("done", await findings(seen));
    return;
  }
  const forward = await step(page, ".", 1);
  const hint = await page.$eval("#hint", (element) => element.textContent);
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-step.png` });
  const back = await step(page, ",", -1);
  // Somewhere else, without having played there.
  await page.keyboard.press("6");
  await pause(800);
  const elsewhere = await step(page, ".", 1);
  emit("stepped", { forward, back, elsewhere, hint });
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow));
