// The home page: what it lists, how it is searched, and how it bears a thousand replays.
//
// node home.mjs '{"browser", "executable", "url", "login": [name, password], "stream", "artefacts", "name"}'

import { arrive, emit, findings, observe, pause, report, withPage } from "./browser.mjs";

const plan = JSON.parse(process.argv[2]);
const MANY = 1000;

/** What the page shows at this moment, but for clips. */
const read = (page) =>
  page.evaluate(() => {
    const words = (element) => (element ? element.textContent : null);
    const all = [...document.querySelectorAll(".card")].filter((card) => card.checkVisibility());
    const cards = all.filter((card) => !card.closest("#clips"));
    return {
      count: words(document.getElementById("count")),
      empty: words(document.getElementById("recorded-list-empty")),
      searched: document.getElementById("words").value,
      query: window.location.search,
      shift: window.shift,
      cards: cards.slice(0, 50).map((card) => {
        const [image, link, download] = ["img", ".open", ".download"].map((name) => card.querySelector(name));
        return {
          title: words(link),
          href: link.getAttribute("href"),
          state: card.dataset.state,
          poster: image.hidden ? null : [image.naturalWidth, image.naturalHeight],
          length: words(card.querySelector(".length")),
          facts: [...card.querySelectorAll(".facts")].map(words),
          download: download.hidden ? null : [download.getAttribute("href"), download.download],
        };
      }),
    };
  });

async function open(page, path) {
  await arrive(page, plan.url + path);
  await page.waitForSelector("body:not(.loading)", { timeout: 20000 });
  await pause(1000);
}

async function search(page) {
  await page.keyboard.press("/");
  await page.keyboard.type(plan.stream);
  const found = await read(page);
  await page.keyboard.type(" nowhere");
  const nothing = await read(page);
  await page.select("#stream", plan.stream);
  const narrowed = await read(page);
  await page.goBack();
  await pause(300);
  const back = await read(page);
  await page.click("#show-all");
  emit("searched", { found, nothing, narrowed, back, all: await read(page) });
}

/** An answer of the server's with a thousand replays more. */
function many(index) {
  const day = (number) => new Date(Date.parse("2026-01-01T20:00:00Z") - number * 7.2e6).toISOString();
  const replay = (number) => ({
    ...{ id: `s${number % 5}`, title: `Number ${number} #t${number % 10}`, file: `s${number % 5}-${number}` },
    ...{ url: `/vod/recordings/x${number}.mp4`, playlist: null, poster: null, thumbnails: null },
    ...{ started: day(number), duration: 3600 + number, size: 1e9, group: "", match: "", pinned: false, expires: null },
  });
  // What another test happens to have live would be found as well.
  const streams = index.streams.map((stream) => ({ ...stream, state: "offline", started: null }));
  const replays = Array.from({ length: MANY }, (_, number) => replay(number));
  return { ...index, streams, matches: [], clips: [], replays };
}

async function bearMany(page) {
  const index = await page.evaluate(async () => (await fetch("/streams/index.json")).json());
  const body = JSON.stringify(many(index));
  await page.setRequestInterception(true);
  page.on("request", (request) =>
    request.url().endsWith("/streams/index.json")
      ? request.respond({ status: 200, contentType: "application/json", body })
      : request.continue(),
  );
  await open(page, "/");
  const shown = await read(page);
  const timed = await page.evaluate(() =>
    ["n", "nu", "number 77", "number 77 #t7"].map((words) => {
      const field = document.getElementById("words");
      const began = performance.now();
      field.value = words;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      // Asking for a size makes the browser lay out.
      const height = document.body.offsetHeight;
      return { words, height, took: performance.now() - began, count: document.getElementById("count").textContent };
    }),
  );
  emit("many", { shown, timed });
}

async function follow(page) {
  const seen = await observe(page);
  await page.evaluateOnNewDocument(() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
      list.getEntries().forEach(({ value, hadRecentInput }) => {
        window.shift += hadRecentInput ? 0 : value;
      });
    }).observe({ type: "layout-shift", buffered: true });
  });
  const [username, password] = plan.login;
  await page.authenticate({ username, password });
  await open(page, "/");
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}.png` });
  emit("shown", await read(page));
  await search(page);
  await bearMany(page);
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow));
