// Opens several pages one after the other as one viewer and reports what each shows.
//
// node pages.mjs '{"browser", "executable", "url", "login": [name, password], "paths": {NAME: PATH}, "artefacts"}'

import { arrive, emit, findings, look, observe, pause, report, withPage } from "./browser.mjs";

const plan = JSON.parse(process.argv[2]);

async function follow(page) {
  const seen = await observe(page);
  const [username, password] = plan.login;
  await page.authenticate({ username, password });
  for (const [name, path] of Object.entries(plan.paths)) {
    await arrive(page, plan.url + path);
    await pause(1200);
    await page.screenshot({ path: `${plan.artefacts}/page-${name}.png` });
    const words = await page.evaluate(() => document.body.innerText);
    const links = await page.$$eval("a", (anchors) => anchors.map((anchor) => anchor.getAttribute("href")));
    emit(name, { ...(await look(page)), words, links });
  }
  emit("done", findings(seen));
}

await report(() => withPage(plan, follow));
