// What every script here shares: a browser, a login, and reading the test pattern off the picture.

import puppeteer from "puppeteer-core";

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

/** What a headless Chromium lacks otherwise: a mouse. */
export const MOUSE_FLAGS = [
  "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
];

export const FINGER_FLAGS = [
  "--blink-settings=primaryHoverType=1,availableHoverTypes=1,primaryPointerType=2,availablePointerTypes=2",
];

/** Starts "chromium" or "firefox" from an executable of the system; `flags` are for Chromium alone. */
function launch(browser, executablePath, flags = []) {
  if (browser === "firefox") {
    const extraPrefsFirefox = { "media.autoplay.default": 0, "media.volume_scale": "0.0" };
    return puppeteer.launch({ browser: "firefox", executablePath, headless: true, extraPrefsFirefox });
  }
  return puppeteer.launch({ executablePath, headless: true, args: [...CHROMIUM_FLAGS, ...flags] });
}

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

/** Follows `steps(page)` in a browser of the plan's, which is closed afterwards; a failure leaves a picture. */
export async function withPage(plan, steps, flags = []) {
  const browser = await launch(plan.browser, plan.executable, flags);
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
  const seen = { challenges: [], errors: [], violations: [], failures: [], pending: new Map() };
  await page.exposeFunction("reportViolation", (violation) => seen.violations.push(violation));
  await page.evaluateOnNewDocument(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
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

/** The findings of `observe` as plain data; a request is stuck when it has waited for an answer for 8 s. */
export function findings(seen) {
  const stuck = [...seen.pending].filter(([, since]) => Date.now() - since > 8000).map(([request]) => request.url());
  return {
    challenges: seen.challenges,
    errors: seen.errors,
    violations: seen.violations,
    failures: seen.failures,
    stuck,
  };
}

/** What the page shows at this moment; `number` is the frame number that the picture carries. */
export function look(page) {
  return page.evaluate(() => {
    const { state, source, door, problem } = document.body.dataset;
    const visible = (id) => {
      const element = document.getElementById(id);
      return element !== null && element.checkVisibility() ? element.textContent.trim() || id : null;
    };
    const message = document.getElementById("message");
    const seen = { state, source, door, problem, message: message ? message.textContent.trim() : "" };
    seen.buttons = Object.fromEntries(["live", "switch", "from-start", "log-in"].map((id) => [id, visible(id)]));
    const video = document.querySelector("video.raised");
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
    const seekable = video.seekable.length > 0 ? [video.seekable.start(0), video.seekable.end(0)] : null;
    const { currentTime, duration, paused, ended, videoWidth, videoHeight } = video;
    return {
      ...seen,
      time: currentTime,
      duration: Number.isFinite(duration) ? duration : null,
      seekable,
      paused,
      ended,
      size: [videoWidth, videoHeight],
      number,
      brightness,
      contrast,
    };
  });
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

export function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Tells the test what has happened, one JSON object a line. */
export function emit(event, details = {}) {
  process.stdout.write(`${JSON.stringify({ event, at: Date.now() / 1000, ...details })}\n`);
}
