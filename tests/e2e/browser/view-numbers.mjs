// What all pictures of the page with several views show at one moment.

import { pause } from "./pause.mjs";

/**
 * {now: the clock in s, wall: the page's own time in s from the start of the bar, views: [{id, number, time, paused,
 * rate, muted, dim, focused, heard, why}]}; `number` is null where there is no picture.
 */
export function readViews(page) {
  return page.evaluate(() => {
    const [columns, rows, bits, block] = [64, 36, 16, 4];
    const canvas = document.createElement("canvas");
    canvas.width = columns;
    canvas.height = rows;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    function numberOf(video) {
      context.drawImage(video, 0, 0, columns, rows);
      const { data } = context.getImageData(0, 0, columns, block);
      let number = 0;
      for (let bit = 0; bit < bits; bit += 1) {
        number = number * 2 + (data[4 * ((block / 2) * columns + bit * block + block / 2) + 1] > 128 ? 1 : 0);
      }
      return number;
    }
    const now = Date.now() / 1000;
    const slider = document.querySelector(".slider");
    const views = [...document.querySelectorAll(".tile")].map((tile) => {
      const video = tile.querySelector("video.raised");
      const has = (name) => tile.classList.contains(name);
      return {
        id: tile.dataset.view,
        number: video.readyState < 2 ? null : numberOf(video),
        time: video.currentTime,
        ready: video.readyState,
        paused: video.paused,
        rate: video.playbackRate,
        muted: video.muted,
        dim: has("dim"),
        absent: has("absent"),
        focused: has("focused"),
        heard: has("heard"),
        why: tile.querySelector(".why").textContent,
      };
    });
    return { now, wall: slider ? Number(slider.getAttribute("aria-valuenow")) : null, views };
  });
}

// What catches up plays up to a tenth quicker or slower than what is heard; less than this only keeps it there.
const CATCHING_UP = 0.05;

/** Whether no view is on its way to where it should be: a machine that was busy takes its time until then. */
export function settled({ views }) {
  const { rate } = views.find(({ heard }) => heard);
  return views.every((view) => view.absent || (!view.dim && Math.abs(view.rate - rate) < CATCHING_UP));
}

/** Reads again and again until `wanted(seen)` holds, and returns what was seen; throws after `seconds`. */
export async function untilViews(page, what, wanted, seconds) {
  const deadline = Date.now() + seconds * 1000;
  let seen = null;
  while (Date.now() < deadline) {
    seen = await readViews(page);
    if (wanted(seen)) {
      return seen;
    }
    await pause(200);
  }
  throw new Error(`not within ${seconds} s: ${what}; last seen: ${JSON.stringify(seen)}`);
}
