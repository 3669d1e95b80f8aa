// The review of what is on screen: markers, rounds, clips and pictures. Loaded when there is something to review.

import { make } from "./dom.js";
import { stepTarget } from "./frames.js";
import { setUpBar } from "./review-bar.js";
import { setUpClipBar } from "./review-clip-bar.js";
import { setUpComposer } from "./review-composer.js";
import { setUpHint } from "./hint.js";
import { me, writeNote } from "./notes.js";
import { setUpPanel } from "./review-panel.js";
import { setUpPen } from "./review-pen.js";
import { saveFrame } from "./review-picture.js";
import { watchReviews } from "./review-poll.js";
import { clockFragment, clockWords } from "./review-rounds.js";
import { createStore } from "./review-store.js";
import { createRates } from "./review-rates.js";
import { fingerWords, words } from "./review-words.js";
import { dayClock } from "./review-times.js";
import { momentLink } from "./link.js";

const TICK_MS = 500;

if (window.matchMedia("(pointer: coarse)").matches) {
  Object.assign(words, fingerWords);
}

function loadStyle() {
  return new Promise((resolve) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = "/assets/review.css";
    style.onload = resolve;
    style.onerror = resolve;
    document.head.append(style);
  });
}

/** What the parts of the review share. */
function createReview(timeline, who) {
  const listeners = [];
  const hint = setUpHint(document.getElementById("hint"));
  const tell = () => listeners.forEach((listener) => listener());
  const store = createStore({
    common: (wall, view) => timeline.common(wall, view),
    onChange: tell,
    onRefused: () => hint(words.problems.refused),
  });
  const watch = watchReviews({
    urls: () => timeline.reviews(),
    onDocument: store.set,
  });

  function follow() {
    store.follow(timeline.reviews());
    tell();
  }

  /** Writes a note; says what went wrong, and whether it went well. */
  async function write(body) {
    const answer = await writeNote(body);
    if (answer.ok) {
      watch.now();
    } else {
      hint(words.problems[answer.problem], 5000);
    }
    return answer;
  }

  async function add(body) {
    const answer = await write(body);
    if (answer.ok) {
      store.add({ id: answer.id, author: who.name, ...body });
    }
    return answer.ok;
  }

  async function remove(id) {
    store.remove(id);
    const { ok } = await write({ kind: "remove", note: id });
    if (!ok) {
      store.restore(id);
    }
  }

  /**
   * The moment on screen: {wall, view}, or null. Of a still picture it is the middle of its frame, so that clocks which
   * differ by some ms mean the same one (FACTS 20a).
   */
  async function moment() {
    const [wall, view, video] = [timeline.now(), timeline.view(), timeline.video()];
    if (wall === null) {
      hint(words.nothingYet);
      return null;
    }
    if (!video.paused) {
      return { wall, view };
    }
    const position = video.currentTime;
    const grid = await timeline.frames().grid();
    // Whoever has gone on meanwhile means the moment before.
    const measured = grid.steady && video.currentTime === position;
    const middle = measured ? stepTarget(grid, timeline.frames().position(grid), 0) : position;
    return { wall: wall + (middle - position) * 1000, view };
  }

  const marks = make("div", { class: "marks", "aria-hidden": "true" });
  timeline.bar.append(marks);
  const clock = (at) => clockWords(store.view.rounds, at, dayClock);
  timeline.onChange(follow);
  follow();
  return {
    timeline,
    who,
    hint,
    /** What lies over the time bar. */
    marks,
    moment,
    write,
    add,
    remove,
    clock,
    rates: createRates(timeline),
    get view() {
      return store.view;
    },
    /** The clock of the present moment, or "". */
    clockNow() {
      const now = timeline.now();
      return now === null ? "" : clock(now);
    },
    /** The address of a moment of a view, which can be read: “…#R7-1:12”. */
    linkTo(view, wall) {
      const fragment = clockFragment(store.view.rounds, timeline.common(wall, view));
      return window.location.origin + momentLink(view, wall) + fragment;
    },
    onChange: (listener) => listeners.push(listener),
  };
}

/** Opens the review of a page by its timeline; act(does, by) says whether an action is the review’s. */
export async function openReview(timeline) {
  const [who] = await Promise.all([me(), loadStyle()]);
  const review = createReview(timeline, who);
  const composer = setUpComposer(review);
  const clips = setUpClipBar(review);
  const pen = setUpPen(review);
  const writing = (act) => () => (who.write ? act() : review.hint(words.readOnly));
  const actions = {
    mark: writing(() => composer.open()),
    round: writing(() => composer.round()),
    clip: writing(() => clips.open()),
    clipFrom: writing(() => clips.begin()),
    clipTo: writing(() => clips.end()),
    cut: writing(() => clips.cut()),
    frame: () => saveFrame(review),
    draw: () => pen.toggle(),
    panel: () => panel.toggle(),
  };
  const panel = setUpPanel(review, actions);
  const bar = setUpBar(review);
  document.body.classList.toggle("writes", who.write);
  setInterval(() => {
    panel.tick();
    bar.tick();
  }, TICK_MS);
  return {
    fragment: (wall) => clockFragment(review.view.rounds, wall),
    act(does, by) {
      if (does !== "review" || !actions[by]) {
        return false;
      }
      actions[by]();
      return true;
    },
  };
}
