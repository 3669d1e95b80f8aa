// The wrapper for Electron: logs in once, watches, tries to get out, and starts again without being asked.
//
// node electron.mjs '{"command": [words], "port", "url", "login": [name, password], "outside": FILE, "artefacts"}'
//
// Spoken to by the bare protocol: puppeteer takes no Chromium as old as the oldest Electron that is supported.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { emit, pause, report } from "./browser.mjs";

const plan = JSON.parse(process.argv[2]);
const OUTSIDE = "https://elsewhere.example/page";

/** Asks again and again until there is an answer; throws after `seconds`. */
async function until(what, ask, seconds = 40) {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const answer = await Promise.resolve().then(ask).catch(() => null);
    if (answer) {
      return answer;
    }
    await pause(200);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

/** A window whose address has `part` in it, as {evaluate(expression), type(field, words), shoot(name), url()}. */
async function windowAt(part) {
  const targets = async () => (await fetch(`http://127.0.0.1:${plan.port}/json`)).json();
  const find = async (id) => (await targets()).find((target) => (id ? target.id === id : target.url.includes(part)));
  const { id, webSocketDebuggerUrl } = await until(`a window at ${part}`, () => find());
  const socket = new WebSocket(webSocketDebuggerUrl);
  const waiting = new Map();
  socket.addEventListener("message", ({ data }) => {
    const answer = JSON.parse(data);
    (waiting.get(answer.id) || (() => {}))(answer);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  socket.addEventListener("close", () => waiting.forEach((tell) => tell({ error: { message: `${part} has gone` } })));
  let number = 0;
  const ask = (method, params = {}) =>
    new Promise((resolve, reject) => {
      number += 1;
      waiting.set(number, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)));
      socket.send(JSON.stringify({ id: number, method, params }));
    });
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
    async shoot(name) {
      const { data } = await ask("Page.captureScreenshot");
      writeFileSync(`${plan.artefacts}/electron-${name}.png`, Buffer.from(data, "base64"));
    },
    url: async () => (await find(id)).url,
  };
}

async function logIn(name, password, moment) {
  const window = await windowAt(moment === "first" ? "login.html" : "again=yes");
  await window.evaluate("document.readyState === 'complete' || new Promise((done) => { window.onload = done; })");
  const seen = await window.evaluate("({ words: document.body.innerText, node: typeof require + typeof process })");
  await window.type("name", name);
  await window.type("password", password);
  await window.shoot(`login-${moment}`);
  emit(`asked ${moment}`, seen);
  await window.evaluate("document.querySelector('form').requestSubmit()").catch(() => {});
}

async function watch(moment) {
  const window = await windowAt(plan.url);
  const playing = `(() => {
    const video = [...document.querySelectorAll("video")].find(({ readyState, paused }) => readyState >= 2 && !paused);
    const { state, source } = document.body.dataset;
    return video ? { time: video.currentTime, size: [video.videoWidth, video.videoHeight], state, source } : null;
  })()`;
  const first = await until("a picture that moves", () => window.evaluate(playing)).catch(async (error) => {
    await window.shoot("failed");
    throw new Error(`${error.message}; the page says: ${await window.evaluate("document.body.innerText")}`);
  });
  const later = async () => {
    const seen = await window.evaluate(playing);
    return seen && Math.abs(seen.time - first.time) > 1 ? seen : null;
  };
  const second = await until("the picture to go on", later);
  await window.shoot(moment);
  emit(moment, { first, second, asked: (await openWindows()).filter((url) => url.includes("login.html")) });
  return window;
}

async function openWindows() {
  return (await (await fetch(`http://127.0.0.1:${plan.port}/json`)).json()).map(({ url }) => url);
}

/** What a page on the server's side could try to get out. */
async function breakOut(window) {
  const node = await window.evaluate("[typeof require, typeof process, typeof module, typeof Buffer].join()");
  const before = await window.url();
  await window.evaluate(`void window.open("${OUTSIDE}?opened")`);
  await window.evaluate(`location.href = "${OUTSIDE}?left"`);
  const told = () => existsSync(plan.outside) && readFileSync(plan.outside, "utf8").split("\n").filter(Boolean);
  const outside = await until("both to be opened outside", () => told().length >= 2 && told());
  await pause(500);
  const place = "navigator.geolocation.getCurrentPosition(() => done('allowed'), () => done('denied'))";
  const clipboard = "navigator.clipboard.writeText('x').then(() => 'allowed', (error) => String(error))";
  const fullScreen = "document.body.requestFullscreen().then(() => 'allowed', (error) => String(error))";
  emit("kept", {
    node,
    stayed: (await window.url()) === before,
    windows: (await openWindows()).length,
    outside,
    place: await window.evaluate(`new Promise((done) => ${place})`),
    notices: await window.evaluate("Notification.requestPermission()"),
    clipboard: await window.evaluate(clipboard),
    fullScreen: await window.evaluate(fullScreen),
  });
}

async function run(steps) {
  const [program, ...words] = plan.command;
  const electron = spawn(program, words, { stdio: ["ignore", "ignore", "inherit"] });
  const gone = new Promise((resolve) => {
    electron.on("exit", resolve);
  });
  try {
    await steps();
    await (await windowAt(plan.url)).evaluate("window.close()").catch(() => {});
    await Promise.race([gone, pause(10000)]);
  } finally {
    electron.kill();
  }
}

await report(async () => {
  const [name, password] = plan.login;
  await run(async () => {
    await logIn(name, `${password}x`, "first");
    await logIn(name, password, "again");
    await breakOut(await watch("watched"));
  });
  await run(() => watch("watched again"));
  emit("done");
});
