// The panel: what can be done at this moment, and what the team has marked, cut and noted.

import { make, makeButton } from "./dom.js";
import { setUpClipList } from "./review-clip-list.js";
import { setUpMatch } from "./review-match.js";
import { setUpNoteList } from "./review-note-list.js";
import { words } from "./review-words.js";

const TABS = ["notes", "clips", "match"];
const WRITING = ["mark", "round", "clip"];
const TOOLS = ["mark", "round", "clip", "frame", "draw"];
const STEPS = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

function makeTool(name, act, who) {
  const key = words.keyOf[name];
  const button = makeButton(words[name], act, { hidden: WRITING.includes(name) && !who.write });
  if (key) {
    button.append(make("kbd", { text: key, "aria-hidden": "true" }));
  }
  return button;
}

/** The tabs {name: page}; returns {element, say(name, count)}. */
function makeTabs(pages) {
  const buttons = TABS.map((name) =>
    makeButton(words.tabs[name], () => show(name), {
      role: "tab",
      id: `review-tab-${name}`,
      "aria-controls": `review-${name}`,
    }),
  );
  TABS.forEach((name) => {
    pages[name].id = `review-${name}`;
    pages[name].setAttribute("role", "tabpanel");
    pages[name].setAttribute("aria-labelledby", `review-tab-${name}`);
  });

  function show(name) {
    TABS.forEach((one, i) => {
      const chosen = one === name;
      buttons[i].setAttribute("aria-selected", String(chosen));
      buttons[i].tabIndex = chosen ? 0 : -1;
      pages[one].hidden = !chosen;
    });
  }

  const element = make("div", { role: "tablist", class: "tabs", "aria-label": words.views }, ...buttons);
  element.addEventListener("keydown", (event) => {
    if (event.key in STEPS) {
      const place = buttons.indexOf(document.activeElement) + STEPS[event.key];
      const next = Math.min(Math.max(place, 0), TABS.length - 1);
      event.preventDefault();
      event.stopPropagation();
      show(TABS[next]);
      buttons[next].focus();
    }
  });
  show(TABS[0]);
  return {
    element,
    say(name, count) {
      const label = words.tabCount(words.tabs[name], count);
      const button = buttons[TABS.indexOf(name)];
      if (button.textContent !== label) {
        button.textContent = label;
      }
    },
  };
}

/** Makes it with its button; `actions` by name. Returns {toggle(), tick()}; tick() follows what is on screen. */
export function setUpPanel(review, actions) {
  const { who } = review;
  const status = make("p", { class: "status", role: "status", "aria-live": "polite" });
  let timer = 0;
  function say(told) {
    clearTimeout(timer);
    status.textContent = told;
    timer = setTimeout(() => (status.textContent = ""), 6000);
  }

  const notes = setUpNoteList(review, say);
  const clips = setUpClipList(review, say);
  const match = setUpMatch(review, say);
  const tabs = makeTabs({ notes: notes.element, clips: clips.element, match: match.element });
  const clock = make("span", { class: "clock", "aria-hidden": "true" });
  const close = makeButton("×", toggle, { class: "plain", "aria-label": words.close });
  const panel = make(
    "aside",
    { id: "review", "aria-labelledby": "review-heading", hidden: true },
    make("div", { class: "head" }, make("h2", { id: "review-heading", text: words.review }), clock, close),
    make(
      "div",
      { class: "tools", role: "group", "aria-label": words.tools },
      ...TOOLS.map((name) => makeTool(name, actions[name], who)),
    ),
    tabs.element,
    status,
    notes.element,
    clips.element,
    match.element,
  );
  const button = document.getElementById("review-button");
  button.setAttribute("aria-controls", "review");
  button.hidden = false;
  document.querySelector("main .line").after(panel);

  function toggle() {
    const open = panel.hidden;
    panel.hidden = !open;
    document.body.classList.toggle("reviewing", open);
    button.setAttribute("aria-expanded", String(open));
    if (!open && panel.contains(document.activeElement)) {
      button.focus();
    }
    render();
  }

  /** A closed panel costs nothing but the count on its button. */
  function render() {
    const { view } = review;
    const markers = view.notes.filter(({ kind }) => kind === "marker").length;
    const label = words.reviewCount(markers);
    if (button.textContent !== label) {
      button.textContent = label;
    }
    if (!panel.hidden) {
      tabs.say("notes", markers);
      tabs.say("clips", view.clips.length);
      notes.render();
      clips.render();
      match.render();
      tick();
    }
  }

  function tick() {
    if (!panel.hidden) {
      const now = review.clockNow();
      if (clock.textContent !== now) {
        clock.textContent = now;
      }
      notes.tick();
    }
  }

  review.onChange(render);
  render();
  return { toggle, tick };
}
