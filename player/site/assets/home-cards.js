// The cards on the page: made once, afterwards changed only where what they say has changed, and never moved.

import { filterQuery } from "./home-filter.js";
import { keepList } from "./keep-list.js";
import { text } from "./text.js";

const PICTURE = { width: 320, height: 180 };

/** Makes an element: its class, and its children. */
function make(name, className, ...children) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...children);
  return element;
}

/** Changes properties and attributes that differ. */
function set(element, values) {
  Object.entries(values).forEach(([name, value]) => {
    if (name === "text") {
      if (element.textContent !== value) {
        element.textContent = value;
      }
    } else if (name === "hidden") {
      element.hidden = value;
    } else if (element.getAttribute(name) !== value) {
      element.setAttribute(name, value);
    }
  });
}

function makePicture() {
  const image = make("img", "");
  set(image, { alt: "", loading: "lazy", decoding: "async", ...PICTURE });
  const mark = make("span", "mark");
  const length = make("span", "length");
  const spoken = make("span", "spoken");
  length.setAttribute("aria-hidden", "true");
  const element = make("div", "picture", image, mark, length, spoken);
  return {
    element,
    change(view) {
      set(mark, { text: view.mark });
      set(length, { text: view.length });
      set(spoken, { text: view.spoken });
      if (view.poster) {
        set(image, { src: view.poster });
      }
      set(image, { hidden: !view.poster });
    },
  };
}

/** What the team noted; each is a link that looks for the same. */
function makeChips() {
  const element = make("p", "chips");
  return {
    element,
    change(chips) {
      element.textContent = "";
      element.append(
        ...chips.map(({ label, words, title }) => {
          const chip = make("a", "chip");
          set(chip, { text: words, title, href: `/${filterQuery({ words: "", stream: "", group: "", label })}` });
          chip.dataset.label = label;
          return chip;
        }),
      );
      set(element, { hidden: chips.length === 0 });
    },
  };
}

function makeFacts() {
  const when = make("time", "");
  const facts = make("span", "");
  const download = make("a", "download");
  const line = make("p", "facts", facts, download);
  return {
    elements: [make("p", "facts", when), line],
    change(view) {
      set(when, { text: view.when, datetime: view.started });
      set(facts, { text: view.facts });
      set(line, { hidden: !view.facts && !view.download });
      set(download, { hidden: !view.download });
      if (view.download) {
        const { url, name, words, label } = view.download;
        set(download, { href: url, download: name, text: words, "aria-label": label });
      }
    },
  };
}

function makeSession(heading) {
  const link = make("a", "open");
  const picture = makePicture();
  const facts = makeFacts();
  const element = make("li", "card", picture.element, make(heading, "", link), ...facts.elements);
  return {
    element,
    change(view) {
      set(element, { "data-state": view.state });
      set(link, { text: view.title, href: view.href, title: view.title });
      picture.change(view);
      facts.change(view);
    },
  };
}

function makeMatch() {
  const title = make("h3", "");
  const label = make("span", "");
  const when = make("time", "");
  const together = make("a", "button watch-together");
  const list = make("ul", "cards");
  const chips = makeChips();
  const sessions = new Map();
  const line = make("div", "match-line", title, make("p", "facts", label, when), together, chips.element);
  const element = make("li", "match", line, list);
  return {
    element,
    change(view) {
      set(element, { "data-views": String(Math.min(view.sessions.length, 4)) });
      set(title, { text: view.title });
      set(together, { text: text.home.together, href: view.href, "aria-label": text.home.togetherOf(view.title) });
      set(together, { hidden: view.sessions.length < 2 });
      set(label, { text: view.label });
      set(when, { text: view.when, datetime: view.started });
      chips.change(view.chips);
      keepList(list, view.sessions, sessions, () => makeSession("h4"));
    },
  };
}

/** A card's element by what it says: {element, change(view)}. */
export function makeCard({ kind }) {
  if (kind === "match") {
    return makeMatch();
  }
  const { element, change } = makeSession("h3");
  const chips = makeChips();
  element.append(chips.element);
  return {
    element,
    change(view) {
      change(view.sessions[0]);
      chips.change(view.chips);
    },
  };
}
