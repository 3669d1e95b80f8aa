// Opens pages as somebody who is logged in and has nothing in the cache, and says when the first picture was shown.
//
// node first_frame.mjs '{"browser", "executable", "cookie": [name, value], "visits": [{"name", "url"}], "runs",
//                        "link": {"latency": ms, "bytes": a second} | null}'

import { emit, launch, report } from "../tests/e2e/browser/browser.mjs";

const plan = JSON.parse(process.argv[2]);
const WINDOW = { width: 1280, height: 800 };
const LIMIT_MS = 30000;

/** Notes in the page when its player shows a picture for the first time, in ms from the start of the navigation. */
function noteFirstPicture() {
  window.firstPicture = null;

  function wait(video) {
    video.requestVideoFrameCallback((now, { presentationTime }) => {
      window.firstPicture = presentationTime;
    });
  }

  new window.MutationObserver((_changes, observer) => {
    const video = document.querySelector("video.raised");
    if (video) {
      observer.disconnect();
      wait(video);
    }
  }).observe(document, { childList: true, subtree: true });
}

/** When the browser had what the way to the first picture is made of, in ms from the start of the navigation. */
function stages() {
  const resources = performance.getEntriesByType("resource");
  const done = (found) => {
    const entries = resources.filter(({ name }) => found.test(name));
    return entries.length > 0 ? Math.min(...entries.map(({ responseEnd }) => responseEnd)) : null;
  };
  const [page] = performance.getEntriesByType("navigation");
  const scripts = resources.filter(({ name, startTime }) => /\.js$/.test(name) && startTime < page.domInteractive);
  return {
    page: page.responseEnd,
    scripts: Math.max(...scripts.map(({ responseEnd }) => responseEnd)),
    state: done(/\/streams\/[^/]+\.json$/),
    playlist: done(/\.m3u8$/),
    segment: done(/\.(ts|mp4)$/),
    picture: window.firstPicture,
  };
}

async function visit(browser, { name, url }) {
  // A context of its own has neither cache nor connections.
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    await page.setViewport(WINDOW);
    const [cookie, value] = plan.cookie;
    await context.setCookie({ name: cookie, value, domain: new URL(url).hostname, path: "/" });
    await page.evaluateOnNewDocument(noteFirstPicture);
    if (plan.link) {
      const { latency, bytes } = plan.link;
      await page.emulateNetworkConditions({ latency, download: bytes, upload: bytes });
    }
    await page.goto(url, { waitUntil: "domcontentloaded" });
    await page.waitForFunction(() => window.firstPicture !== null, { timeout: LIMIT_MS, polling: 50 });
    emit("shown", { name, ...(await page.evaluate(stages)) });
  } finally {
    await context.close();
  }
}

async function visitAll() {
  const browser = await launch(plan);
  try {
    for (let run = 0; run < plan.runs; run += 1) {
      for (const one of plan.visits) {
        await visit(browser, one);
      }
    }
    emit("done");
  } finally {
    await browser.close();
  }
}

await report(visitAll);
