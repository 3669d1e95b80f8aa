// The replay of a stream that was reviewed while it was live: what was written is there, the match is named, and found.
//
// node review-after.mjs '{"browser", "executable", "url", "path", "login": [name, password], "labels": {name: value},
//   "artefacts", "name"}'

import { faults } from "./inspect.mjs";
import { arrive, emit, findings, lookUntil, observe, pause, report, withPage } from "./browser.mjs";
import { openAs } from "./live.mjs";

const plan = JSON.parse(process.argv[2]);

const readNotes = (page) =>
  page.$$eval("#review-notes .notes > li", (items) =>
    items.map((item) => ["clock", "said", "tag", "by"].map((name) => item.querySelector(`.${name}`).textContent)),
  );

async function openReplay(page) {
  await openAs(page, plan.login, plan.url + plan.path);
  await lookUntil(page, "the replay", ({ source, time }) => source === "mp4" && time > 0, 40);
  await page.waitForSelector("#review-button[aria-controls]", { timeout: 20000 });
  await page.evaluate(() => document.querySelector("video.raised").pause());
  await page.keyboard.press("r");
  await page.waitForSelector("#review-notes .marker", { timeout: 10000 });
}

/** Names the match; says what the page says of it, and what its form holds once the server has told all pages. */
async function nameMatch(page) {
  await page.click("#review-tab-match");
  for (const [name, value] of Object.entries(plan.labels)) {
    await page.type(`#review-match input[name=${name}]`, value);
  }
  await page.click("#review-match input[type=checkbox]");
  await page.click("#review-match button[type=submit]");
  await page.waitForFunction(() => document.querySelector("#review .status").textContent !== "", { timeout: 15000 });
  const said = await page.$eval("#review .status", (status) => status.textContent);
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-match.png` });
  emit("named", { said, faults: await faults(page) });
}

/** A search of the home page's: the titles that are found. */
const find = async (page, query) => {
  await arrive(page, plan.url + query);
  await page.waitForSelector("body:not(.loading)", { timeout: 20000 });
  await pause(500);
  return page.$$eval("#recorded-list .card", (cards) =>
    cards
      .filter((card) => card.getClientRects().length > 0)
      .map((card) => ({
        href: card.querySelector(".open").getAttribute("href"),
        title: card.querySelector(".open").textContent,
        chips: [...card.querySelectorAll(".chip")].map(({ textContent }) => textContent),
        facts: [...card.querySelectorAll(".facts")].map(({ textContent }) => textContent).join(" "),
      })),
  );
};

async function followToHome(page) {
  const { map, tags } = plan.labels;
  const byLabel = await find(page, `/?label=${encodeURIComponent(`map:${map}`)}`);
  const byTag = await find(page, `/?q=${encodeURIComponent(`#${tags}`)}`);
  const byOther = await find(page, `/?label=${encodeURIComponent(`opponent:${map}`)}`);
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-home.png` });
  emit("found", { byLabel, byTag, byOther });
}

async function follow(page) {
  const seen = await observe(page);
  await openReplay(page);
  // Who comes for the first time is asked, once.
  seen.challenges.length = 0;
  emit("opened", { notes: await readNotes(page), faults: await faults(page) });
  await nameMatch(page);
  await pause(4000);
  await followToHome(page);
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow));
