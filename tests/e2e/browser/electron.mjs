// The wrapper for Electron: logs in once, watches, tries to get out, and starts again without being asked.
//
// node electron.mjs '{"command": [words], "port", "url", "login": [name, password], "outside": FILE, "artefacts"}'

import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { emit, report } from "./browser.mjs";
import { answer, loginWindow, openWindows, runElectron, windowAt } from "./electron-window.mjs";
import { pause, until } from "./pause.mjs";

const plan = JSON.parse(process.argv[2]);
const OUTSIDE = "https://elsewhere.example/page";

async function shoot(window, name) {
  writeFileSync(`${plan.artefacts}/electron-${name}.png`, Buffer.from(await window.shoot(), "base64"));
}

async function logIn(login, moment) {
  const window = await loginWindow(plan.port, moment === "again");
  const seen = await window.evaluate("({ words: document.body.innerText, node: typeof require + typeof process })");
  await shoot(window, `login-${moment}`);
  emit(`asked ${moment}`, seen);
  await answer(window, login);
}

async function watch(moment) {
  const window = await windowAt(plan.port, plan.url);
  const playing = `(() => {
    const video = [...document.querySelectorAll("video")].find(({ readyState, paused }) => readyState >= 2 && !paused);
    const { state, source } = document.body.dataset;
    return video ? { time: video.currentTime, size: [video.videoWidth, video.videoHeight], state, source } : null;
  })()`;
  const first = await until("a picture that moves", () => window.evaluate(playing)).catch(async (error) => {
    await shoot(window, "failed");
    throw new Error(`${error.message}; the page says: ${await window.evaluate("document.body.innerText")}`);
  });
  const later = async () => {
    const seen = await window.evaluate(playing);
    return seen && Math.abs(seen.time - first.time) > 1 ? seen : null;
  };
  const second = await until("the picture to go on", later);
  await shoot(window, moment);
  emit(moment, { first, second, asked: (await openWindows(plan.port)).filter((url) => url.includes("login.html")) });
  return window;
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
    windows: (await openWindows(plan.port)).length,
    outside,
    place: await window.evaluate(`new Promise((done) => ${place})`),
    notices: await window.evaluate("Notification.requestPermission()"),
    clipboard: await window.evaluate(clipboard),
    fullScreen: await window.evaluate(fullScreen),
  });
}

await report(async () => {
  const [name, password] = plan.login;
  await runElectron(plan, async () => {
    await logIn([name, `${password}x`], "first");
    await logIn([name, password], "again");
    await breakOut(await watch("watched"));
  });
  await runElectron(plan, () => watch("watched again"));
  emit("done");
});
