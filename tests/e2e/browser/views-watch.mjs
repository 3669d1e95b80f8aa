// Somebody opens a page of several points of view in any engine, and it plays for a while.
//
// node views-watch.mjs '{"browser", "executable", "url", "login": [name, password], "views": how many play, "samples",
//                        "inspect": true | false, "artefacts", "name"}'

import { arrive, emit, findings, observe, pause, report, withPage } from "./browser.mjs";
import { faults, overlaps } from "./inspect.mjs";
import { readViews, settled, untilViews } from "./view-numbers.mjs";

const plan = JSON.parse(process.argv[2]);
// Who has begun is looked at after so long, in ms.
const SETTLE_MS = 4000;

const plays = ({ number, time, absent }) => number !== null && time > 0.3 && !absent;

async function follow(page) {
  const seen = await observe(page);
  const [username, password] = plan.login;
  await page.authenticate({ username, password });
  await arrive(page, plan.url);
  seen.challenges.length = 0;
  await untilViews(page, "all views moving", ({ views }) => views.filter(plays).length >= plan.views, 60);
  await pause(SETTLE_MS);
  await untilViews(page, "nobody catching up", settled, 40);
  const samples = [];
  for (let i = 0; i < plan.samples; i += 1) {
    await pause(150);
    samples.push(await readViews(page));
  }
  emit("watched", { samples });
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}.png` });
  if (plan.inspect) {
    emit("inspected", { faults: await faults(page), overlaps: await overlaps(page) });
  }
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow));
