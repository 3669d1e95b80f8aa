// Reads a long playlist in a page of the site, and then its two ends again and again until it has grown, as the player
// does with its own modules.
//
// node ends.mjs '{"browser", "executable", "url", "login": [name, password], "path", "artefacts"}'

import { arrive, emit, pause, report, withPage } from "./browser.mjs";

const plan = JSON.parse(process.argv[2]);

/** In the page: the playlist after `before` ("" if there is none), by as little as needed. */
async function read({ path, before }) {
  const { joined, rangesAfter } = await import("/assets/playlist-ranges.js");
  const ranges = rangesAfter(before);
  // As hls.js asks.
  const request = new window.XMLHttpRequest();
  request.open("GET", path);
  request.responseType = "text";
  if (ranges) {
    request.setRequestHeader("Range", ranges);
  }
  await new Promise((resolve, reject) => {
    Object.assign(request, { onload: resolve, onerror: reject });
    request.send();
  });
  const body = request.responseText;
  return {
    status: request.status,
    bytes: body.length,
    encoding: request.getResponseHeader("Content-Encoding"),
    text: ranges ? joined(before, body) : body,
  };
}

await report(() =>
  withPage(plan, async (page) => {
    await page.authenticate({ username: plan.login[0], password: plan.login[1] });
    await arrive(page, plan.url);
    const whole = await page.evaluate(read, { path: plan.path, before: "" });
    emit("read", whole);
    for (;;) {
      const ends = await page.evaluate(read, { path: plan.path, before: whole.text });
      if (ends.text !== whole.text) {
        emit("grown", ends);
        return;
      }
      await pause(200);
    }
  }),
);
