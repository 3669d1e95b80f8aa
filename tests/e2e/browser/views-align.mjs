// Somebody aligns a match: one view is moved by some frames, and from then on that is the same moment. "frames": by how
// many; 0 only looks at what others have aligned.
//
// node views-align.mjs '{"browser", "executable", "url", "login": [name, password], "view": its digit, "frames",
//                        "artefacts", "name"}'

import { arrive, emit, findings, observe, pause, report, withPage } from "./browser.mjs";
import { readViews, untilViews } from "./view-numbers.mjs";

const plan = JSON.parse(process.argv[2]);

async function align(page) {
  await page.keyboard.press("a");
  await pause(1000);
  await page.keyboard.press(`Digit${plan.view}`);
  for (let i = 0; i < plan.frames; i += 1) {
    await page.keyboard.press(".");
    await pause(700);
  }
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-aligning.png` });
  const moved = await readViews(page);
  await page.keyboard.press("a");
  await pause(1500);
  emit("aligned", { moved, said: await page.$eval("#message", ({ textContent }) => textContent) });
}

/** Drops a marker in the focused view: where it is on the bar, and where the head is, in px from the left. */
async function mark(page) {
  await page.keyboard.press("n");
  await page.waitForSelector(".strip input", { timeout: 10000 });
  const whole = await page.$eval(".strip", (strip) => {
    const { top, bottom, width } = strip.getBoundingClientRect();
    return top >= 0 && bottom <= window.innerHeight && width >= 350;
  });
  await page.keyboard.type("Aligned here");
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-marking.png` });
  await page.keyboard.press("Enter");
  await page.waitForSelector(".over-bar .mark", { timeout: 10000 });
  await pause(500);
  const middle = (selector) =>
    page.$eval(selector, (element) => {
      const { left, width } = element.getBoundingClientRect();
      return left + width / 2;
    });
  emit("marked", { whole, mark: await middle(".over-bar .mark"), head: await middle(".slider .head") });
}

async function follow(page) {
  const seen = await observe(page);
  const [username, password] = plan.login;
  await page.authenticate({ username, password });
  await arrive(page, plan.url);
  await untilViews(page, "all pictures", ({ views }) => views.length > 0 && views.every(({ dim }) => !dim), 60);
  await pause(1500);
  await page.keyboard.press("k");
  await pause(1500);
  emit("before", await readViews(page));
  if (plan.frames > 0) {
    await align(page);
    emit("after", await readViews(page));
    await mark(page);
  }
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow));
