// The elements of the page with several views: tiles, controls and time bar, in the place of the one player.

import { make } from "./dom.js";
import { clockText } from "./format.js";
import { showLiveButton, say } from "./page.js";
import { text } from "./text.js";
import { iconButton, setIcon } from "./views-dom.js";
import { equalTiles, oneLarge } from "./views-tiles.js";

const IDS = ["badge", "copy", "link-field", "log-in", "message", "sheet", "switch", "times", "title"];
const PHONE = "(max-width: 40rem), (max-height: 30rem)";

/** Puts the page's elements where the one player is, and loads their style. Returns them by name. */
export function buildPage(bar) {
  const main = document.querySelector("main");
  document.head.append(make("link", { rel: "stylesheet", href: "/assets/views.css" }));
  document.body.classList.add("views");
  const tiles = make("div", { class: "tiles", role: "group", "aria-label": text.views.page });
  const hint = make("p", { id: "hint", role: "status", "aria-live": "polite" });
  const sound = make("button", { id: "sound", type: "button", text: text.labels.sound, hidden: true });
  const volume = make("input", { id: "volume", type: "range", min: "0", max: "1", step: "0.05" });
  volume.setAttribute("aria-label", text.views.volume);
  const time = make("span", { class: "time" });
  const live = make("button", { id: "live", type: "button", hidden: true });
  const speed = make("button", { id: "speed", type: "button", "aria-haspopup": "menu", "aria-expanded": "false" });
  const speeds = make("div", { id: "speeds", role: "menu", "aria-label": text.labels.speeds, hidden: true });
  const help = make("button", { id: "help", type: "button", text: text.labels.help });
  help.setAttribute("aria-label", text.labels.shortcuts);
  speed.setAttribute("aria-controls", "speeds");
  const buttons = {
    play: iconButton("play", "pause"),
    back: iconButton("back", "back"),
    on: iconButton("on", "on"),
    mute: iconButton("mute", "sound"),
    loop: iconButton("loop", "loop"),
    align: iconButton("align", "align"),
    layout: iconButton("layout", "large"),
    full: iconButton("full", "full"),
  };
  const { play, back, on, mute, loop, align, layout, full } = buttons;
  const left = [play, back, on, mute, volume, time, live];
  const right = [loop, align, layout, speed, help, full];
  const line = make("div", { class: "buttons" }, ...left, make("span", { class: "gap" }), ...right);
  const controls = make("div", { class: "controls" }, bar, line, speeds);
  const over = make("div", { class: "tiles-box" }, tiles, sound, hint);
  const stage = make("div", { class: "together" }, over, controls);
  document.querySelector(".stage").remove();
  main.prepend(stage);
  const found = Object.fromEntries(IDS.map((id) => [id, document.getElementById(id)]));
  return { ...found, main, stage, tiles, hint, sound, volume, time, live, speed, speeds, help, buttons };
}

/** Whether only one view has room. */
export function watchPhone(onChange) {
  const query = window.matchMedia(PHONE);
  // The oldest browsers’ queries are no event targets.
  query.addListener(() => onChange(query.matches));
  return query.matches;
}

/** Lays the tiles out: all of one size, or number `large` (from 0, null for none) larger than the others. */
export function layOut(box, tiles, large) {
  const size = { width: box.clientWidth, height: box.clientHeight };
  if (tiles.length === 0 || size.width === 0 || size.height === 0) {
    return;
  }
  const places = large === null ? equalTiles(tiles.length, size) : oneLarge(tiles.length, large, size);
  tiles.forEach((tile, i) => {
    Object.entries(places[i]).forEach(([key, value]) => {
      tile.style[key] = `${value}px`;
    });
    tile.classList.toggle("small", places[i].width < 260);
  });
}

/** Shows what the buttons are about. */
export function showButtons(page, { playing, muted, volume, large, looping, separate, behind, now, whole }) {
  const { play, mute, layout, loop, align } = page.buttons;
  const label = playing ? text.views.pause : text.views.play;
  setIcon(play, playing ? "pause" : "play");
  if (play.title !== label) {
    play.title = label;
    play.setAttribute("aria-label", label);
  }
  setIcon(mute, muted || volume === 0 ? "silent" : "sound");
  setIcon(layout, large ? "grid" : "large");
  mute.setAttribute("aria-pressed", String(muted));
  loop.setAttribute("aria-pressed", String(looping));
  align.setAttribute("aria-pressed", String(separate));
  page.volume.value = String(muted ? 0 : volume);
  showLiveButton(page.live, behind);
  page.time.hidden = behind !== null || now === null;
  say(page.time, now === null ? "" : text.views.of(clockText(now), clockText(whole)));
}
