// A page of a browser that puppeteer does not drive, with what the scripts here use of puppeteer's pages.

import { writeFileSync } from "node:fs";

import { until } from "./pause.mjs";

/** What only the page itself can see where no protocol tells it; from its load on. */
function listenWithin() {
  window.heard = { errors: [], violations: [] };
  window.addEventListener("error", ({ message }) => message && window.heard.errors.push(message));
  window.addEventListener("unhandledrejection", ({ reason }) => window.heard.errors.push(String(reason)));
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    window.heard.violations.push(`${violatedDirective} ${blockedURI}`);
  });
}

/**
 * A page made of three functions: `open(url, login)` loads an address as [name, password] or as who one was,
 * `run(expression)` returns what an expression gives in the page, promises awaited, `shoot()` a PNG.
 */
export function farPage({ open, run, shoot }) {
  let login = null;

  function evaluate(what, ...args) {
    return run(`(${what})(...${JSON.stringify(args)})`);
  }

  return {
    evaluate,
    async authenticate(found) {
      login = found && [found.username, found.password];
    },
    async goto(url) {
      await open(url, login);
      await evaluate(listenWithin);
      return { status: () => null };
    },
    waitForFunction: (what, { timeout }, ...args) =>
      until(String(what), () => evaluate(what, ...args), timeout / 1000),
    $eval: (selector, what) => run(`(${what})(document.querySelector(${JSON.stringify(selector)}))`),
    click: (selector) => run(`void document.querySelector(${JSON.stringify(selector)}).click()`),
    waitForSelector: (selector) =>
      until(selector, () => run(`document.querySelector(${JSON.stringify(selector)}) !== null`)),
    async screenshot({ path }) {
      writeFileSync(path, Buffer.from(await shoot(), "base64"));
    },
    heard: () => run("window.heard"),
  };
}
