// A newcomer opens a link, logs in, goes back and forward, and opens it again without being asked.
//
// node login.mjs '{"browser", "executable", "url", "before", "link", "again", "login": [name, password] or null,
//   "artefacts", "name"}'

import { arrive, emit, findings, observe, pause, report, withPage } from "./browser.mjs";

const plan = JSON.parse(process.argv[2]);

/** What is shown after the page has had time to go elsewhere. */
async function shown(page) {
  await pause(1500);
  return { address: page.url(), words: await page.evaluate(() => document.body.innerText) };
}

async function follow(page) {
  const seen = await observe(page);
  await page.goto(plan.url + plan.before, { waitUntil: "load" });
  if (plan.login) {
    const [username, password] = plan.login;
    await page.authenticate({ username, password });
  }
  emit("arrived", { status: await arrive(page, plan.url + plan.link) });
  const first = await shown(page);
  const asked = seen.challenges.splice(0);
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}.png` });
  await page.goBack({ waitUntil: "load" });
  const back = await shown(page);
  await page.goForward({ waitUntil: "load" });
  const forward = await shown(page);
  if (plan.login) {
    await page.authenticate(null);
  }
  await arrive(page, plan.url + plan.again);
  const again = await shown(page);
  emit("done", { asked, first, back, forward, again, ...(await findings(seen)) });
}

await report(() => withPage(plan, follow));
