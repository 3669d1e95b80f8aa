// Opens pages as a desktop and as a phone, brings up everything that they have, and asks axe-core and the
// Content-Security-Policy what is wrong with each. Tells what each says in words, too.
//
// node manners.mjs '{"browser", "executable", "url", "login": [name, password] | null, "paths": {NAME: PATH},
//                    "artefacts"}'
// A path of the player's page brings up its preview, its speed menu and its sheet of shortcuts as well.

import { arrive, emit, findings, look, observe, pause, report, withPage } from "./browser.mjs";
import { faults, layoutShift, phoneFaults, SIZES } from "./inspect.mjs";

const plan = JSON.parse(process.argv[2]);
// A finger needs this much, in CSS pixels.
const TOUCH_PX = 44;

const NOTHING_OPEN = { name: "open", begin: async () => {}, end: async () => {} };
const PLAYER = [
  {
    name: "preview",
    async begin(page) {
      const box = await (await page.$("media-time-range")).boundingBox();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    },
    end: (page) => page.mouse.move(5, 5),
  },
  {
    name: "speeds",
    begin: (page) => page.$eval("#speed", (button) => button.click()),
    end: (page) => page.keyboard.press("Escape"),
  },
  { name: "hint", begin: (page) => page.keyboard.press("j"), end: async () => {} },
  {
    name: "sheet",
    begin: (page) => page.keyboard.press("?"),
    end: (page) => page.keyboard.press("Escape"),
  },
];

async function visit(page, name, path, size) {
  await page.setViewport(SIZES[size]);
  await arrive(page, plan.url + path);
  await pause(2500);
  const shift = await layoutShift(page);
  const words = await page.evaluate(() => document.body.innerText);
  const links = await page.$$eval("a", (anchors) => anchors.map((anchor) => anchor.getAttribute("href")));
  emit("said", { page: name, size, ...(await look(page)), words, links });
  const hasVideo = await page.evaluate(() => {
    const { source } = document.body.dataset;
    return source !== undefined && source !== "none";
  });
  for (const moment of hasVideo ? [NOTHING_OPEN, ...PLAYER] : [NOTHING_OPEN]) {
    await moment.begin(page);
    await pause(400);
    await page.screenshot({ path: `${plan.artefacts}/manners-${plan.browser}-${name}-${size}-${moment.name}.png` });
    const small = size === "phone" ? await phoneFaults(page, TOUCH_PX) : [];
    emit("seen", { page: name, size, moment: moment.name, faults: await faults(page), small, shift });
    await moment.end(page);
    await pause(100);
  }
}

async function visitAll(page, size) {
  const seen = await observe(page);
  if (plan.login) {
    const [username, password] = plan.login;
    await page.authenticate({ username, password });
  }
  for (const [name, path] of Object.entries(plan.paths)) {
    await visit(page, name, path, size);
  }
  emit("visited", { size, ...(await findings(seen)) });
}

await report(async () => {
  await withPage(plan, (page) => visitAll(page, "desktop"), { pointer: "mouse" });
  await withPage(plan, (page) => visitAll(page, "phone"), { pointer: "finger" });
  emit("done");
});
