// Opens several pages one after the other as one viewer and reports what each shows.
//
// node pages.mjs '{"browser", "executable", "url", "login": [name, password], "paths": {NAME: PATH}, "artefacts"}'

import { arrive, emit, findings, launch, look, observe, pause } from "./browser.mjs";

const plan = JSON.parse(process.argv[2]);
const browser = await launch(plan.browser, plan.executable);

try {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
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
} catch (error) {
  emit("failed", { error: String(error.stack || error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
