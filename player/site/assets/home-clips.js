// The clips on the home page: a row of the newest, and each in a window of its own upon the page.

import { copyWords } from "./copy.js";
import { make } from "./dom.js";
import { fold } from "./fold.js";
import { clockText } from "./format.js";
import { downloadName, sizeText, whenText } from "./home-words.js";
import { keepList } from "./keep-list.js";
import { momentLink } from "./link.js";
import { fillWords, say } from "./page.js";
import { text } from "./text.js";

// One row where the window is wide.
const NEWEST = 4;
const ids = [
  "clip",
  "clip-close",
  "clip-copy",
  "clip-download",
  "clip-facts",
  "clip-field",
  "clip-place",
  "clip-status",
  "clip-title",
  "clip-video",
  "clips",
  "clips-count",
  "clips-list",
  "message",
  "show-clips",
];

/** The address at which the home page shows a clip. */
export function clipLink(file) {
  return `/?clip=${encodeURIComponent(file)}`;
}

/** What a clip's card says; `titles` are the streams' by id, `now` in ms. */
export function clipView(clip, titles, now, formats) {
  const { file, title, author, view, from, poster, duration, size, url } = clip;
  return {
    key: file,
    title: title || titles.get(view) || view,
    href: clipLink(file),
    poster: poster || null,
    length: clockText(duration),
    when: whenText(from, now, formats),
    by: text.home.clipBy(author, titles.get(view) || view),
    size: sizeText(size),
    url,
    name: downloadName({ title, id: view, started: from }),
    place: momentLink(view, Date.parse(from)),
  };
}

/** Whether a clip is wanted by a filter of the page. Groups and labels are recordings'. */
export function isWanted(clip, view, { words, stream, group, label }) {
  const hay = fold([clip.title, clip.author, clip.match, view.by, view.when].filter(Boolean).join("\n"));
  const needles = fold(words).split(/\s+/).filter(Boolean);
  return (!stream || clip.view === stream) && !group && !label && needles.every((needle) => hay.includes(needle));
}

function makeCard(open) {
  let shown = null;
  const image = make("img", { alt: "", loading: "lazy", decoding: "async", width: "320", height: "180" });
  const length = make("span", { class: "length" });
  const link = make("a", { class: "open" });
  const [when, by] = [make("span"), make("span")];
  link.addEventListener("click", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(shown.key);
    }
  });
  const picture = make("div", { class: "picture" }, image, length);
  const facts = [make("p", { class: "facts" }, by), make("p", { class: "facts" }, when)];
  const element = make("li", { class: "card" }, picture, make("h3", {}, link), ...facts);
  return {
    element,
    change(view) {
      shown = view;
      link.textContent = view.title;
      link.href = view.href;
      link.title = view.title;
      length.textContent = view.length;
      when.textContent = view.when;
      by.textContent = view.by;
      image.hidden = !view.poster;
      if (view.poster) {
        image.src = view.poster;
      }
    },
  };
}

/** Sets the row and the window up. Returns {show(clips, streams, now), sift(filter, filtering)}. */
export function setUpClips(formats) {
  const page = Object.fromEntries(ids.map((id) => [id, document.getElementById(id)]));
  const known = new Map();
  let clips = [];
  let all = false;
  let asked = { filter: { words: "", stream: "", group: "", label: "" }, filtering: false };
  let ready = false;

  const fileOf = () => new URLSearchParams(window.location.search).get("clip");

  function render() {
    const { filter, filtering } = asked;
    const wanted = filtering ? clips.filter(({ clip, view }) => isWanted(clip, view, filter)) : clips;
    const shown = all || filtering ? wanted : wanted.slice(0, NEWEST);
    keepList(page["clips-list"], shown.map(({ view }) => view), known, () => makeCard(open));
    page.clips.hidden = shown.length === 0;
    say(page["clips-count"], text.home.clipCount(shown.length, clips.length));
    page["show-clips"].hidden = filtering || shown.length === clips.length;
  }

  /** Shows what the address asks for. */
  function follow() {
    const file = fileOf();
    const found = clips.find(({ view }) => view.key === file);
    if (!file || !ready) {
      page.clip.open && page.clip.close();
    } else if (found && !page.clip.open) {
      fill(found.view);
      page.clip.showModal();
      page["clip-video"].play().catch(() => {});
    } else if (!found && !page.clip.open) {
      say(page.message, text.home.clipGone);
    }
  }

  function fill(view) {
    say(page["clip-title"], view.title);
    say(page["clip-facts"], `${view.by} · ${view.when} · ${view.length} · ${view.size}`);
    say(page["clip-status"], "");
    page["clip-field"].hidden = true;
    page["clip-video"].poster = view.poster || "";
    page["clip-video"].src = view.url;
    page["clip-download"].href = view.url;
    page["clip-download"].download = view.name;
    page["clip-place"].href = view.place;
  }

  function open(file) {
    window.history.pushState({ clip: true }, "", clipLink(file));
    follow();
  }

  /** Back to the address before, which keeps what is searched. */
  function closed() {
    page["clip-video"].removeAttribute("src");
    page["clip-video"].load();
    if (fileOf() !== null) {
      if (window.history.state && window.history.state.clip) {
        window.history.back();
      } else {
        window.history.replaceState(null, "", "/");
      }
    }
  }

  page["clip-close"].addEventListener("click", () => page.clip.close());
  page.clip.addEventListener("click", ({ target }) => target === page.clip && page.clip.close());
  page.clip.addEventListener("close", closed);
  page["clip-copy"].addEventListener("click", async () => {
    if (await copyWords(window.location.origin + clipLink(fileOf()), page["clip-field"])) {
      say(page["clip-status"], text.home.clipCopied);
    }
  });
  page["show-clips"].addEventListener("click", () => {
    all = true;
    render();
    page["clips-list"].querySelectorAll("a")[NEWEST].focus();
  });
  window.addEventListener("popstate", follow);
  fillWords(page.clip);

  return {
    show(found, streams, now) {
      const titles = new Map(streams);
      clips = found.map((clip) => ({ clip, view: clipView(clip, titles, now, formats) }));
      ready = true;
      render();
      follow();
    },
    sift(filter, filtering) {
      asked = { filter, filtering };
      render();
    },
  };
}
