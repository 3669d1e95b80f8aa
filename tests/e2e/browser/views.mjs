// Somebody watches five points of view of one match, live or as a replay. Every frame carries its number, so what is
// shown is read off all pictures at one moment.
//
// node views.mjs '{"browser", "executable", "url", "login": [name, password], "live": true | false, "stall": a stream's
//                  id, "artefacts", "name"}'

import { arrive, emit, findings, observe, pause, report, withPage } from "./browser.mjs";
import { faults, overlaps } from "./inspect.mjs";
import { readViews, settled, untilViews } from "./view-numbers.mjs";

const plan = JSON.parse(process.argv[2]);
const SAMPLES = 25;

async function shoot(page, moment) {
  await page.screenshot({ path: `${plan.artefacts}/${plan.name}-${moment}.png` });
}

/** What all pictures show, again and again. */
async function sample(page, count = SAMPLES) {
  const samples = [];
  for (let i = 0; i < count; i += 1) {
    await pause(150);
    samples.push(await readViews(page));
  }
  return samples;
}

const moving = ({ views }) => views.length > 0 && views.every(({ number, time }) => number !== null && time > 0.3);
const inStep = ({ views }) => views.every(({ dim }) => !dim);

/** Requests for one stream's segments wait as long as `window.held` is its id: an uplink that has stopped. */
function holdRequests(page) {
  return page.evaluateOnNewDocument(() => {
    window.held = null;
    const { open, send } = window.XMLHttpRequest.prototype;
    window.XMLHttpRequest.prototype.open = function opened(method, url, ...more) {
      this.wanted = String(url);
      return open.call(this, method, url, ...more);
    };
    window.XMLHttpRequest.prototype.send = function sent(...more) {
      const held = () => window.held && this.wanted.includes(`/${window.held}`);
      const again = () => (held() ? setTimeout(again, 50) : this.readyState === 1 && send.apply(this, more));
      again();
    };
  });
}

async function clickBar(page, place) {
  const box = await (await page.$(".slider")).boundingBox();
  await page.mouse.click(box.x + box.width * place, box.y + box.height / 2);
}

/** One stream's segments stop coming, and come again. */
async function stall(page) {
  await page.evaluate((id) => {
    window.held = id;
  }, plan.stall);
  const before = await readViews(page);
  // What was under way still arrives.
  await pause(5000);
  await untilViews(page, "the stalled view dimmed", ({ views }) => views.find(({ id }) => id === plan.stall).dim, 60);
  const during = await sample(page, 12);
  await shoot(page, "stalled");
  await page.evaluate(() => {
    window.held = null;
  });
  await untilViews(page, "the stalled view back", inStep, 40);
  await pause(4000);
  emit("stalled", { before, during, after: await sample(page, 12) });
}

async function watchLive(page) {
  await untilViews(page, "all views moving", moving, 60);
  await pause(6000);
  await untilViews(page, "nobody catching up", settled, 30);
  emit("live", { samples: await sample(page) });
  await shoot(page, "live");
  await page.keyboard.down("Shift");
  await page.keyboard.press("Digit2");
  await page.keyboard.up("Shift");
  await page.keyboard.press("Digit3");
  await pause(3000);
  emit("chosen", { samples: await sample(page, 10) });
  await stall(page);
}

async function steps(page) {
  await page.keyboard.press("k");
  await pause(1500);
  const stood = [await readViews(page)];
  for (let i = 0; i < 5; i += 1) {
    await page.keyboard.press(".");
    await pause(900);
    stood.push(await readViews(page));
  }
  await shoot(page, "paused");
  await page.keyboard.press("k");
  await pause(2500);
  emit("stepped", { stood });
}

async function speeds(page) {
  const found = {};
  for (const [key, name] of [["<", "slow"], [">", "usual"], [">", "quick"]]) {
    await page.keyboard.press(key);
    await pause(3500);
    found[name] = await sample(page, 10);
  }
  await page.keyboard.press("<");
  emit("speeds", found);
}

async function scrub(page) {
  const box = await (await page.$(".slider")).boundingBox();
  const at = (place) => [box.x + box.width * place, box.y + box.height / 2];
  await page.mouse.move(...at(0.5));
  await page.mouse.down();
  await page.mouse.move(...at(0.25), { steps: 6 });
  await pause(1200);
  const during = await readViews(page);
  await page.mouse.up();
  await pause(3500);
  await untilViews(page, "nobody catching up", settled, 30);
  emit("scrubbed", { during, after: await sample(page, 10) });
}

async function loop(page) {
  await page.keyboard.press("b");
  const from = (await readViews(page)).wall;
  await pause(2500);
  // The end takes all back at once.
  const to = (await readViews(page)).wall;
  await page.keyboard.press("b");
  await pause(4000);
  const samples = await sample(page, 12);
  await page.keyboard.press("b");
  emit("looped", { from, to, samples });
}

async function zoom(page) {
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  const read = () => page.$$eval(".picture", (all) => all.map(({ style }) => style.transform));
  const large = await read();
  await shoot(page, "zoomed");
  await page.keyboard.press("z");
  emit("zoomed", { large, whole: await read() });
}

async function watchReplay(page) {
  await untilViews(page, "two views moving", ({ views }) => views.filter(({ time }) => time > 0.3).length > 1, 60);
  await clickBar(page, plan.place);
  await untilViews(page, "all views moving", moving, 40);
  await pause(4000);
  await untilViews(page, "nobody catching up", settled, 30);
  emit("replay", { samples: await sample(page) });
  await shoot(page, "replay");
  await steps(page);
  await speeds(page);
  await scrub(page);
  await loop(page);
  await zoom(page);
  await page.keyboard.press("g");
  await pause(800);
  await shoot(page, "large");
  emit("inspected", { faults: await faults(page), overlaps: await overlaps(page) });
  await clickBar(page, plan.gap);
  await pause(4000);
  const pieces = await page.$$eval(".track", (rows) => rows.map(({ children }) => children.length));
  emit("gap", { samples: await sample(page, 8), pieces });
  await shoot(page, "gap");
}

async function follow(page) {
  const seen = await observe(page);
  await holdRequests(page);
  const [username, password] = plan.login;
  await page.authenticate({ username, password });
  await arrive(page, plan.url);
  seen.challenges.length = 0;
  await (plan.live ? watchLive(page) : watchReplay(page));
  emit("done", await findings(seen));
}

await report(() => withPage(plan, follow));
