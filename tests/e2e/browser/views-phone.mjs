// A match on a phone: one view at a time, and a finger goes to the next.
//
// node views-phone.mjs '{"browser", "executable", "url", "login": [name, password], "artefacts", "name"}'

import { arrive, emit, findings, observe, pause, report, withPage } from "./browser.mjs";
import { faults, overlaps, phoneFaults, SIZES } from "./inspect.mjs";
import { readViews, untilViews } from "./view-numbers.mjs";

const plan = JSON.parse(process.argv[2]);
// A finger needs this much, in CSS pixels.
const TOUCH_PX = 44;

const looked = ({ views }) => views.find(({ focused }) => focused);

/** Whether a view is looked at and plays. */
const showing = (id) => (seen) => {
  const view = looked(seen);
  return Boolean(view) && view.id === id && view.time > 0.3 && !view.dim;
};

async function swipe(page, from, to) {
  const box = await (await page.$(".tiles")).boundingBox();
  const y = box.y + box.height / 2;
  await page.touchscreen.touchStart(from, y);
  for (let i = 1; i <= 5; i += 1) {
    await page.touchscreen.touchMove(from + ((to - from) * i) / 5, y);
  }
  await page.touchscreen.touchEnd();
}

async function follow(page) {
  const seen = await observe(page);
  await page.setViewport(SIZES.phone);
  const [username, password] = plan.login;
  await page.authenticate({ username, password });
  await arrive(page, plan.url);
  const first = await untilViews(page, "the first view", showing(plan.views[0]), 40);
  await pause(1500);
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-first.png` });
  const small = await phoneFaults(page, TOUCH_PX);
  const wrong = { faults: await faults(page), small, overlaps: await overlaps(page) };
  const before = await readViews(page);
  await swipe(page, 320, 60);
  const next = await untilViews(page, "the next view", showing(plan.views[1]), 40);
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-next.png` });
  await swipe(page, 60, 320);
  const back = await untilViews(page, "the first view again", showing(plan.views[0]), 40);
  emit("swiped", { first, before, next, back, wrong });
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow, { pointer: "finger" }));
