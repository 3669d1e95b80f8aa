// The wrapper for Electron, spoken to by the bare protocol: puppeteer takes no Chromium as old as that of the oldest
// Electron that is supported.

import { spawn } from "node:child_process";

import { farPage } from "./far-page.mjs";
import { pause, until } from "./pause.mjs";

/** The addresses of all windows of an Electron that is debugged at a port. */
export async function openWindows(port) {
  return (await targets(port)).map(({ url }) => url);
}

async function targets(port) {
  return (await fetch(`http://127.0.0.1:${port}/json`)).json();
}

/** A socket as a function: ask(method, params) returns what the protocol answers. */
async function connect(address, name) {
  const socket = new WebSocket(address);
  const waiting = new Map();
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    (waiting.get(message.id) || (() => {}))(message);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  socket.addEventListener("close", () => waiting.forEach((tell) => tell({ error: { message: `${name} has gone` } })));
  let number = 0;
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      number += 1;
      waiting.set(number, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)));
      socket.send(JSON.stringify({ id: number, method, params }));
    });
}

/** A window whose address has `part` in it, as {evaluate(expression), type(field, words), shoot(), url()}. */
export async function windowAt(port, part) {
  const find = async (id) => (await targets(port)).find((one) => (id ? one.id === id : one.url.includes(part)));
  const { id, webSocketDebuggerUrl } = await until(`a window at ${part}`, () => find());
  const ask = await connect(webSocketDebuggerUrl, part);
  async function evaluate(expression) {
    const params = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const { result, exceptionDetails } = await ask("Runtime.evaluate", params);
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception.description);
    }
    return result.value;
  }
  return {
    evaluate,
    async type(field, words) {
      await evaluate(`document.querySelector("[name=${field}]").select()`);
      await ask("Input.insertText", { text: words });
    },
    shoot: async () => (await ask("Page.captureScreenshot")).data,
    url: async () => (await find(id)).url,
  };
}

/** The window that asks for the login, once it is there; `again`: after a wrong one. */
export async function loginWindow(port, again = false) {
  const window = await windowAt(port, again ? "again=yes" : "login.html");
  await window.evaluate("document.readyState === 'complete' || new Promise((done) => { window.onload = done; })");
  return window;
}

/** Answers the window that asks for the login, which goes away. */
export async function answer(window, [name, password]) {
  await window.type("name", name);
  await window.type("password", password);
  await window.evaluate("document.querySelector('form').requestSubmit()").catch(() => {});
}

/** Starts the wrapper, follows `steps()`, closes its window at `url` and waits for it to end. */
export async function runElectron({ command, port, url }, steps) {
  const [program, ...words] = command;
  const electron = spawn(program, [...words, url], { stdio: ["ignore", "ignore", "inherit"] });
  const gone = new Promise((resolve) => {
    electron.on("exit", resolve);
  });
  try {
    await steps();
    await (await windowAt(port, url)).evaluate("window.close()").catch(() => {});
    await Promise.race([gone, pause(10000)]);
  } finally {
    electron.kill();
  }
}

/** Starts the wrapper as the scripts here start a browser: its one page opens one address, with a login. */
export async function launchElectron({ command, port }) {
  let electron = null;
  let window = null;
  const page = farPage({
    async open(url, login) {
      const [program, ...words] = command;
      electron = spawn(program, [...words, url], { stdio: ["ignore", "ignore", "inherit"] });
      await answer(await loginWindow(port), login);
      window = await windowAt(port, url);
      // The page that leads to the login has the same address, and no main part.
      const there = `location.href === ${JSON.stringify(url)} && document.querySelector("main") !== null`;
      await until("the page", () => window.evaluate(`document.readyState === "complete" && ${there}`));
    },
    run: (expression) => window.evaluate(expression),
    shoot: () => window.shoot(),
  });
  return {
    newPage: async () => ({ ...page, setViewport: async () => {} }),
    close: async () => electron && electron.kill(),
  };
}
