// What a viewer does while a stream is live: joins late, looks back, loses the network for a while.

import { arrive, emit, look, lookUntil, pause } from "./browser.mjs";

// Longer than what a player has in store.
const CUT_MS = 8000;

export function seekTo(page, seconds) {
  return page.evaluate((position) => {
    document.querySelector("video.raised").currentTime = position;
  }, seconds);
}

/** Opens a link as who knows the login; gives the server's status where the browser tells it. */
export async function openAs(page, [username, password], url) {
  await page.authenticate({ username, password });
  const status = await arrive(page, url, "domcontentloaded");
  // From here on nobody answers for the viewer any more: a challenge would be the browser's own window.
  await page.authenticate(null);
  return status;
}

/** Until the live picture moves. A page that was opened too early shows the last replay and takes nobody from it. */
export async function untilLive(page) {
  const offered = ({ state, source, buttons }) => state === "live" && (source === "hls" || buttons.switch);
  if ((await lookUntil(page, "live, or the offer of it", offered, 60)).source === "mp4") {
    await page.click("#switch");
  }
  await lookUntil(page, "live picture", ({ source, number, time }) => source === "hls" && number > 0 && time > 0, 40);
}

/** Some frames on screen with the moments at which they were there. */
async function sample(page) {
  const seen = [];
  for (let i = 0; i < 5; i += 1) {
    await pause(600);
    seen.push(await look(page));
  }
  return seen;
}

/** Looks at the picture as it comes. */
export async function watchLive(page, shoot) {
  const first = await look(page);
  await pause(3000);
  const second = await look(page);
  await shoot(page, "live");
  emit("live", { first, second, samples: await sample(page) });
}

/** Looks ten seconds back, and returns. */
export async function lookBack(page, shoot) {
  const deep = ({ seekable, time }) => seekable && time - seekable[0] > 11;
  const before = await lookUntil(page, "11 s to seek back", deep, 60);
  await seekTo(page, before.time - 10);
  await pause(3000);
  const after = await look(page);
  await shoot(page, "dvr");
  await page.click("#live");
  await pause(1000);
  const back = await lookUntil(page, "live edge", ({ number }) => number > before.number, 30);
  emit("seeked", { before, after, back });
}

/** Loses the network for longer than there is a picture in store, and waits until live is live again. */
export async function loseNetwork(page, gate, shoot) {
  await page.evaluate(() => {
    window.sameVisit = true;
  });
  const before = await look(page);
  gate.cut();
  await pause(CUT_MS);
  const during = await look(page);
  await shoot(page, "cut");
  gate.mend();
  const mended = Date.now();
  const missed = before.number + (CUT_MS / 1000) * 30;
  const back = await lookUntil(page, "what comes after the cut", ({ number }) => number > missed, 60);
  const took = (Date.now() - mended) / 1000;
  await pause(6000);
  const samples = await sample(page);
  emit("mended", { before, during, back, took, samples, sameVisit: await page.evaluate(() => window.sameVisit) });
}
