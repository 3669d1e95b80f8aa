// The home page with nothing, with much, short of disk, and for somebody who is logged in no more.

import { pause } from "./browser.mjs";

const MANY = 30;

/** The server's own answer without anything in it. */
function emptied(index) {
  const streams = index.streams.map((stream) => ({ ...stream, state: "offline", started: null }));
  return { ...index, streams, matches: [], replays: [] };
}

/** The server's own answer with a live stream, an interrupted one, replays of all kinds, and little disk space. */
function filled(index) {
  const started = new Date(Date.now() - 3e6).toISOString();
  const states = ["live", "interrupted", "processing"];
  const streams = index.streams.map((stream, i) => ({ ...stream, state: states[i] || "offline", started }));
  const replay = (number) => ({
    ...{ id: streams[number % 4].id, title: `Ana vs Team ${number} #scrim`, file: `s-${number}`, group: "", match: "" },
    ...{ url: `/vod/recordings/x${number}.mp4`, playlist: null, poster: null, thumbnails: null, size: 1e9 },
    ...{ started: new Date(Date.now() - (number + 1) * 2e7).toISOString(), duration: 3600 + number },
    ...{ pinned: number % 3 === 0, expires: new Date(Date.now() + number * 9e7).toISOString() },
  });
  const disk = { level: "critical", refusing: true, since: started, message: "less than 1 GB is free" };
  return { ...index, streams, disk, matches: [], replays: Array.from({ length: MANY }, (_, number) => replay(number)) };
}

/** Opens the home page once for each answer of the server's, and calls inspect(page, name). */
export async function visitHomes(page, url, inspect) {
  const home = new URL("/", url).href;
  await page.goto(home, { waitUntil: "load" });
  const index = await page.evaluate(async () => (await fetch("/streams/index.json")).json());
  const json = (document) => ({ status: 200, contentType: "application/json", body: JSON.stringify(document) });
  const answers = { empty: json(emptied(index)), full: json(filled(index)), login: { status: 403, body: "" } };
  let answer = null;
  const meddle = (request) =>
    request.url().endsWith("/streams/index.json") ? request.respond(answer) : request.continue();
  await page.setRequestInterception(true);
  page.on("request", meddle);
  for (const [name, given] of Object.entries(answers)) {
    answer = given;
    await page.goto(home, { waitUntil: "load" });
    await pause(1000);
    await inspect(page, `home-${name}`);
  }
  page.off("request", meddle);
  await page.setRequestInterception(false);
}
