// What the viewer can do with keys, buttons and fingers when there are several views.

import { focusKind } from "./controls.js";
import { setUpHint } from "./hint.js";
import { loopWords, pressed } from "./loop.js";
import { setUpMemory } from "./remembering.js";
import { setUpSheet } from "./sheet.js";
import { setUpSpeedMenu } from "./speed-menu.js";
import { speedBy } from "./speeds.js";
import { text } from "./text.js";
import { tileUnder } from "./views-dom.js";
import { VIEW_KEYS, viewActionOf } from "./views-keys.js";
import { setUpSwipe } from "./views-swipe.js";
import { setUpZoom } from "./views-zoom.js";

const JUMP_MS = 10000;
// Jumps that come this soon after one another, in ms, are told as one.
const TOGETHER_MS = 1000;

/**
 * Sets everything up. `chosen` {focus(id), hear(id), next(by), layout()} changes what is looked at; `alignment`
 * {toggle(), leave()} aligns; `copyMoment()` copies the link and says whether it could; `act(does, by)` gets what is
 * meant for others.
 */
export function setUpControls({ page, group, views, video, chosen, alignment, copyMoment, act }) {
  const hint = setUpHint(page.hint);
  const sheet = setUpSheet(page.sheet, page.help, { table: VIEW_KEYS, fingers: text.viewsTouch });
  const zoom = setUpZoom(page.tiles, () => views().map(({ tile }) => tile.picture));
  const memory = setUpMemory(page.tiles, { video, replay: () => null, speed: () => group.rate });
  let jumped = { when: -Infinity, by: 0 };
  let stepping = false;

  function choose(rate) {
    group.setRate(rate);
    menu.show(rate);
    hint(text.speed(rate));
  }

  function setVolume(volume) {
    views().forEach((view) => {
      view.video.volume = volume;
    });
    if (volume > 0 && video().muted) {
      setMuted(false);
    }
  }

  function setMuted(muted) {
    video().muted = muted;
    memory.setMuted(muted);
    page.sound.hidden = true;
  }

  function byNumber(number, then) {
    const view = views()[number - 1];
    if (view) {
      then(view.id);
    }
  }

  const actions = {
    toggle: () => (group.playing ? group.pause() : group.play()),
    seekBy(by) {
      const together = performance.now() - jumped.when < TOGETHER_MS && by * jumped.by > 0;
      jumped = { when: performance.now(), by: (together ? jumped.by : 0) + by };
      group.seekBy(by * 1000);
      hint(text.jump(jumped.by));
    },
    async stepBy(count) {
      if (!stepping && video().readyState > 0) {
        stepping = true;
        const exact = await group.stepBy(count);
        stepping = false;
        hint(exact ? text.step(count) : text.aboutStep(count));
      }
    },
    seekToStart: () => group.seek(group.range().from),
    seekToEnd: () => (group.liveTime() === null ? group.seek(group.range().to) : group.goLive()),
    speedBy: (direction) => choose(speedBy(group.rate, direction)),
    volumeBy(by) {
      const volume = Math.min(1, Math.max(0, Math.round((video().volume + by) * 100) / 100));
      setVolume(volume);
      hint(text.volume(volume));
    },
    mute() {
      setMuted(!video().muted);
      hint(video().muted ? text.muted : text.volume(video().volume));
    },
    fullscreen() {
      if (document.fullscreenElement) {
        document.exitFullscreen();
      } else if (page.stage.requestFullscreen) {
        page.stage.requestFullscreen().catch(() => {});
      }
    },
    async copyLink() {
      if (await copyMoment()) {
        hint(text.messages.copied);
      }
    },
    sheet: () => sheet.toggle(),
    focusView: (number) => byNumber(number, chosen.focus),
    hearView: (number) => byNumber(number, chosen.hear),
    layout: () => chosen.layout(),
    loop() {
      group.loop = pressed(group.loop, group.wall);
      hint(loopWords(group.loop));
    },
    align: () => alignment.toggle(),
    zoomBy(by) {
      zoom.by(by);
      hint(text.views.zoom(zoom.scale));
    },
    zoomOff: () => zoom.off(),
  };

  const menu = setUpSpeedMenu(page.speed, page.speeds, choose);
  menu.show(group.rate);
  const { play, back, on, mute, loop, align, layout, full } = page.buttons;
  const byButton = [
    [play, actions.toggle],
    [back, () => actions.seekBy(-JUMP_MS / 1000)],
    [on, () => actions.seekBy(JUMP_MS / 1000)],
    [mute, actions.mute],
    [loop, actions.loop],
    [align, actions.align],
    [layout, actions.layout],
    [full, actions.fullscreen],
    [page.live, group.goLive],
    [page.sound, () => setMuted(false)],
  ];
  byButton.forEach(([button, action]) => button.addEventListener("click", () => action()));
  page.volume.addEventListener("input", () => setVolume(Number(page.volume.value)));

  page.tiles.addEventListener("click", (event) => {
    const tile = tileUnder(event);
    if (tile) {
      chosen.focus(tile.dataset.view, { again: false });
    }
  });
  page.tiles.addEventListener("dblclick", (event) => tileUnder(event) && chosen.layout());
  setUpSwipe(page.tiles, { isFree: () => zoom.scale === 1, onSwipe: chosen.next });

  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Escape" && group.separate && !page.sheet.open) {
        alignment.leave();
        return;
      }
      const action = event.defaultPrevented ? null : viewActionOf(event, focusKind(document.activeElement));
      if (action) {
        event.preventDefault();
        (actions[action.does] || ((by) => act(action.does, by)))(action.by);
      }
    },
    true,
  );

  return { hint, zoom };
}
