// What is wrong with a page as it stands: for who cannot see it, for a finger, and to the eye.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const SIZES = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844, isMobile: true, hasTouch: true },
};

/** What axe-core finds, one line a fault. */
export async function faults(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    const line = ({ id, help }, { target }) => `${id}: ${help}: ${target.join(" ")}`;
    return violations.flatMap((violation) => violation.nodes.map((node) => line(violation, node)));
  });
}

/** The controls that are smaller than a finger, and by how much the page is wider than its window. */
export function phoneFaults(page, least) {
  return page.evaluate((size) => {
    const wide = document.documentElement.scrollWidth - window.innerWidth;
    const controls = "button, a, [role=button], input, select, media-time-range, media-play-button";
    const small = [...document.querySelectorAll(controls)].flatMap((element) => {
      // A card's link takes the whole card.
      const stretched = window.getComputedStyle(element, "::after").position === "absolute";
      // So does the words' place beside a box to tick.
      const words = element.type === "checkbox" && element.closest("label");
      const { width, height } = (stretched ? element.offsetParent : words || element).getBoundingClientRect();
      // What lets a finger through is none of its own.
      const met = window.getComputedStyle(element).pointerEvents !== "none";
      const within = met && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      const name = element.id || element.textContent.trim() || element.localName;
      return within && (width < size || height < size) ? [`${name}: ${Math.round(width)} x ${Math.round(height)}`] : [];
    });
    return wide > 0 ? [...small, `${wide} px too wide`] : small;
  }, least);
}

/** How far things have moved by themselves since the page was opened: 0 is still; null where it is not measured. */
export function layoutShift(page) {
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

/** The words and controls that lie upon one another. */
export function overlaps(page) {
  return page.evaluate(() => {
    const controls = "button, a, input, select, media-time-range, media-control-bar > *";
    const solid = `h1, h2, p:not(:has(*)), p > span, label, #badge, #preview, ${controls}`;
    const shown = (element) => element.textContent.trim() !== "" || element.matches(controls);
    // Words take less room than their paragraph.
    function boxOf(element) {
      if (!element.matches("p, span, h1, h2")) {
        return element.getBoundingClientRect();
      }
      const range = document.createRange();
      range.selectNodeContents(element);
      return range.getBoundingClientRect();
    }
    const top = [...document.querySelectorAll("dialog[open], [role=menu]:not([hidden])")].pop() || document;
    const boxes = [...top.querySelectorAll(solid)]
      // Marks are to lie upon the time bar.
      .filter((element) => shown(element) && !element.matches(".gap, .spoken, .marks *"))
      .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
      .map((element) => ({ element, box: boxOf(element) }));
    const name = ({ id, localName, textContent }) => id || `${localName} ${textContent.trim().slice(0, 20)}`;
    const meet = (one, other) =>
      Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
      Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1;
    return boxes.flatMap((one, i) =>
      boxes
        .slice(i + 1)
        .filter(({ element }) => !one.element.contains(element))
        .filter(({ box }) => meet(one.box, box))
        .map(({ element }) => `${name(one.element)} and ${name(element)}`),
    );
  });
}

/** The controls that have moved by themselves since the page was opened: "how far: which". */
export function moves(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const controls = ({ sources }) =>
          sources.map(({ node }) => node).filter((node) => node && node.matches && node.matches("a, button, input"));
        const line = (entry) => `${entry.value.toFixed(4)}: ${controls(entry).map(({ id }) => id).join(" ")}`;
        const own = (entry) => !entry.hadRecentInput && controls(entry).length > 0;
        new window.PerformanceObserver((list) => resolve(list.getEntries().filter(own).map(line))).observe({
          type: "layout-shift",
          buffered: true,
        });
        setTimeout(() => resolve([]), 300);
      }),
  );
}
