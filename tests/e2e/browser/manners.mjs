// Opens pages as a desktop and as a phone, brings up everything that they have, and asks axe-core and the
// Content-Security-Policy what is wrong with each.
//
// node manners.mjs '{"browser", "executable", "url", "login": [name, password] | null, "paths": {NAME: PATH},
//                    "artefacts"}'
// A path of the player's page brings up its preview, its speed menu and its sheet of shortcuts as well.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { emit, findings, FINGER_FLAGS, launch, MOUSE_FLAGS, observe, pause } from "./browser.mjs";

const plan = JSON.parse(process.argv[2]);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SIZES = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844, isMobile: true, hasTouch: true },
};
// A finger needs this much, in CSS pixels.
const TOUCH_PX = 44;

/** What axe-core finds, one line a fault. */
async function faults(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    const line = ({ id, help }, { target }) => `${id}: ${help}: ${target.join(" ")}`;
    return violations.flatMap((violation) => violation.nodes.map((node) => line(violation, node)));
  });
}

/** The controls that are smaller than a finger, and by how much the page is wider than its window. */
function phoneFaults(page, least) {
  return page.evaluate((size) => {
    const wide = document.documentElement.scrollWidth - window.innerWidth;
    const controls = "button, a, [role=button], input, select, media-time-range, media-play-button";
    const small = [...document.querySelectorAll(controls)].flatMap((element) => {
      // A card's link takes the whole card.
      const stretched = window.getComputedStyle(element, "::after").position === "absolute";
      const { width, height } = (stretched ? element.offsetParent : element).getBoundingClientRect();
      const within = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      const name = element.id || element.textContent.trim() || element.localName;
      return within && (width < size || height < size) ? [`${name}: ${Math.round(width)} x ${Math.round(height)}`] : [];
    });
    return wide > 0 ? [...small, `${wide} px too wide`] : small;
  }, least);
}

/** How far things have moved by themselves since the page was opened: 0 is still; null where it is not measured. */
function layoutShift(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        if (!window.PerformanceObserver.supportedEntryTypes.includes("layout-shift")) {
          resolve(null);
          return;
        }
        const own = (entries) => entries.filter(({ hadRecentInput }) => !hadRecentInput);
        const sum = (entries) => own(entries).reduce((all, { value }) => all + value, 0);
        new window.PerformanceObserver((list) => resolve(sum(list.getEntries()))).observe({
          type: "layout-shift",
          buffered: true,
        });
        setTimeout(() => resolve(0), 300);
      }),
  );
}

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
  await page.goto(plan.url + path, { waitUntil: "load" });
  await pause(2500);
  const shift = await layoutShift(page);
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

async function visitAll(size) {
  const browser = await launch(plan.browser, plan.executable, size === "desktop" ? MOUSE_FLAGS : FINGER_FLAGS);
  try {
    const page = await browser.newPage();
    const seen = await observe(page);
    if (plan.login) {
      const [username, password] = plan.login;
      await page.authenticate({ username, password });
    }
    for (const [name, path] of Object.entries(plan.paths)) {
      await visit(page, name, path, size);
    }
    emit("visited", { size, ...findings(seen) });
  } finally {
    await browser.close();
  }
}

try {
  for (const size of Object.keys(SIZES)) {
    await visitAll(size);
  }
  emit("done");
} catch (error) {
  emit("failed", { error: String(error.stack || error) });
  process.exitCode = 1;
}
