// What every script here shares: a browser, a login, and reading the test pattern off the picture.

import puppeteer from "puppeteer-core";

import { launchElectron } from "./electron-window.mjs";
import { pause } from "./pause.mjs";
import { launchWebKit } from "./webkit.mjs";

export { pause };

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--mute-audio",
  "--autoplay-policy=no-user-gesture-required",
];

/** What the machine says that it is pointed at with: headless browsers find nothing, or a mouse. */
const POINTERS = {
  mouse: {
    chromium: "primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
    firefox: 6,
  },
  finger: {
    chromium: "primaryHoverType=1,availableHoverTypes=1,primaryPointerType=2,availablePointerTypes=2",
    firefox: 1,
  },
};

function launchFirefox({ executable }, pointer) {
  const extraPrefsFirefox = {
    "media.autoplay.default": 0,
    "media.volume_scale": "0.0",
    // puppeteer waits for a page to load again when it goes back; Firefox would have kept it.
    "browser.sessionhistory.max_total_viewers": 0,
    ...(pointer && { "ui.primaryPointerCapabilities": POINTERS[pointer].firefox }),
    ...(pointer && { "ui.allPointerCapabilities": POINTERS[pointer].firefox }),
  };
  return puppeteer.launch({ browser: "firefox", executablePath: executable, headless: true, extraPrefsFirefox });
}

function launchChromium({ executable }, pointer) {
  const args = pointer ? [...CHROMIUM_FLAGS, `--blink-settings=${POINTERS[pointer].chromium}`] : CHROMIUM_FLAGS;
  return puppeteer.launch({ executablePath: executable, headless: true, args });
}

const LAUNCHERS = {
  chromium: launchChromium,
  firefox: launchFirefox,
  webkit: launchWebKit,
  electron: launchElectron,
};

/** Starts the plan's browser {browser, executable}. */
export function launch(plan, pointer) {
  return LAUNCHERS[plan.browser](plan, pointer);
}

// A request that waits for an answer this long waits for ever.
const STUCK_MS = 8000;

/**
 * Opens a page of the site, which asks for a login first if there is none (`page.authenticate` answers), and returns
 * the status of what is shown in the end.
 */
export async function arrive(page, url, waitUntil = "load") {
  const answer = await page.goto(url, { waitUntil });
  await page.waitForFunction(
    (complete) => document.querySelector("main") !== null && (!complete || document.readyState === "complete"),
    { timeout: 20000 },
    waitUntil === "load",
  );
  return answer.status();
}

/** Follows `steps()`; when they fail, tells the test why. */
export async function report(steps) {
  try {
    await steps();
  } catch (error) {
    emit("failed", { error: String(error.stack || error) });
    process.exitCode = 1;
  }
}

/**
 * Follows `steps(page)` in a browser of the plan's, which is closed afterwards; a failure leaves a picture. `pointer`
 * is "mouse", "finger", or nothing for what the browser thinks.
 */
export async function withPage(plan, steps, { pointer } = {}) {
  const browser = await launch(plan, pointer);
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 800 });
    try {
      await steps(page);
    } catch (error) {
      await page.screenshot({ path: `${plan.artefacts}/${plan.name}-failed.png` }).catch(() => {});
      throw error;
    }
  } finally {
    await browser.close();
  }
}

/** Watches a page for what a viewer would never tell us: challenges, errors, policy violations, stuck requests. */
export async function observe(page) {
  const seen = { challenges: [], errors: [], violations: [], failures: [], pending: new Map(), page };
  if (page.heard) {
    return seen;
  }
  await page.exposeFunction("reportViolation", (violation) => seen.violations.push(violation));
  await page.evaluateOnNewDocument(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  // Who leaves a page waits for nothing any more.
  page.on("framenavigated", (frame) => {
    const impatient = [...seen.pending].filter(([, since]) => Date.now() - since < STUCK_MS);
    if (frame === page.mainFrame()) {
      impatient.forEach(([request]) => seen.pending.delete(request));
    }
  });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("request", (request) => seen.pending.set(request, Date.now()));
  page.on("requestfailed", (request) => seen.pending.delete(request));
  page.on("requestfinished", (request) => seen.pending.delete(request));
  page.on("response", (response) => {
    const request = response.request();
    // The body of a long video may stay open as long as it plays: an answer is what counts.
    seen.pending.delete(request);
    if (response.status() === 401) {
      seen.challenges.push(response.url());
    } else if (response.status() >= 400) {
      seen.failures.push(`${response.status()} ${response.url()}`);
    }
  });
  return seen;
}

/** The findings of `observe` as plain data; a request is stuck when it has waited for an answer too long. */
export async function findings(seen) {
  const waited = ([, since]) => Date.now() - since > STUCK_MS;
  const stuck = [...seen.pending].filter(waited).map(([request]) => request.url());
  const { errors, violations } = seen.page.heard ? await seen.page.heard() : seen;
  return { challenges: seen.challenges, errors, violations, failures: seen.failures, stuck };
}

/**
 * What the page shows at this moment; `number` is the frame number that the picture carries, `now` the clock in
 * s. `press`: the id of a button that is pressed at the same moment.
 */
export function look(page, press = null) {
  return page.evaluate((pressed) => {
    if (pressed) {
      document.getElementById(pressed).click();
    }
    const { state, source, door, problem } = document.body.dataset;
    const visible = (id) => {
      const element = document.getElementById(id);
      // The oldest Electron knows no checkVisibility().
      return element !== null && element.getClientRects().length > 0 ? element.textContent.trim() || id : null;
    };
    const message = document.getElementById("message");
    const seen = { state, source, door, problem, message: message ? message.textContent.trim() : "" };
    seen.buttons = Object.fromEntries(["live", "switch", "from-start", "log-in"].map((id) => [id, visible(id)]));
    const video = document.querySelector("video.raised");
    seen.seekable = video && video.seekable.length > 0 ? [video.seekable.start(0), video.seekable.end(0)] : null;
    // WebKitGTK has no picture any more where it waits for data.
    if (!video || video.readyState < 2) {
      return { ...seen, time: null, number: null, brightness: 0, contrast: 0 };
    }
    const [columns, rows, bits, block] = [64, 36, 16, 4];
    const canvas = document.createElement("canvas");
    canvas.width = columns;
    canvas.height = rows;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(video, 0, 0, columns, rows);
    const { data } = context.getImageData(0, 0, columns, rows);
    const green = (column, row) => data[4 * (row * columns + column) + 1];
    let number = 0;
    for (let bit = 0; bit < bits; bit += 1) {
      number = number * 2 + (green(bit * block + block / 2, block / 2) > 128 ? 1 : 0);
    }
    const levels = Array.from({ length: columns * rows }, (_, index) => data[4 * index + 1]);
    const brightness = levels.reduce((sum, level) => sum + level, 0) / levels.length;
    const contrast = Math.max(...levels) - Math.min(...levels);
    const { currentTime, duration, paused, ended, videoWidth, videoHeight } = video;
    return {
      ...seen,
      now: Date.now() / 1000,
      time: currentTime,
      duration: Number.isFinite(duration) ? duration : null,
      paused,
      ended,
      size: [videoWidth, videoHeight],
      number,
      brightness,
      contrast,
    };
  }, press);
}

/** Looks again and again until `wanted(seen)` holds, and returns what was seen; throws after `seconds`. */
export async function lookUntil(page, what, wanted, seconds) {
  const deadline = Date.now() + seconds * 1000;
  let seen = null;
  while (Date.now() < deadline) {
    seen = await look(page);
    if (wanted(seen)) {
      return seen;
    }
    await pause(200);
  }
  throw new Error(`not within ${seconds} s: ${what}; last seen: ${JSON.stringify(seen)}`);
}

/** Tells the test what has happened, one JSON object a line. */
export function emit(event, details = {}) {
  process.stdout.write(`${JSON.stringify({ event, at: Date.now() / 1000, ...details })}\n`);
}
