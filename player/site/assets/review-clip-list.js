// The clips of what is on screen, with what has become of them.

import { copyWords } from "./copy.js";
import { make, makeButton } from "./dom.js";
import { keepList } from "./keep-list.js";
import { bytesWords, hueOf, lengthWords } from "./review-times.js";
import { words } from "./review-words.js";

/** What a clip says in the list. */
export function clipView(clip, { clock, own, view }) {
  const { id, author, title, state, url, size, reason } = clip;
  const failed = state === "failed";
  return {
    key: `${id} ${clip.view}`,
    id,
    state,
    title,
    clock,
    length: lengthWords((Date.parse(clip.to) - Date.parse(clip.from)) / 1000),
    fate: failed ? words.clipFailed(reason) : words.clipStates[state] || "",
    by: words.by(author, view),
    own,
    hue: hueOf(author),
    download: state === "ready" && url ? { url, size: size ? bytesWords(size) : "" } : null,
  };
}

function makeItem(act) {
  let shown = null;
  const clock = make("span", { class: "clock" });
  const title = make("span", { class: "said" });
  const length = make("span", { class: "tag" });
  const by = make("span", { class: "by" });
  const go = make("button", { type: "button", class: "go" }, clock, " ", title, " ", length, " ", by);
  go.addEventListener("click", () => act.go(shown));
  const state = make("span", { class: "state" });
  const download = make("a", { class: "button", download: true });
  const link = makeButton(words.clipLink, () => act.link(shown), { class: "plain" });
  const remove = makeButton(words.remove, () => act.remove(shown), { class: "plain" });
  const element = make("li", {}, go, make("span", { class: "acts" }, state, download, link, remove));
  return {
    element,
    change(view) {
      shown = view;
      element.className = `clip ${view.state}`;
      element.style.setProperty("--hue", String(view.hue));
      clock.textContent = view.clock;
      title.textContent = view.title;
      length.textContent = view.length;
      by.textContent = view.by;
      state.textContent = view.fate;
      download.hidden = link.hidden = view.download === null;
      if (view.download) {
        download.href = view.download.url;
        download.download = `${view.title}.mp4`;
        download.textContent = words.download(view.download.size);
        download.setAttribute("aria-label", words.downloadOf(view.title, view.download.size));
      }
      remove.setAttribute("aria-label", words.removeOf(view.title));
      remove.hidden = !view.own;
    },
  };
}

/** Makes the list; `say(words)` tells what has been done. Returns {element, render()}. */
export function setUpClipList(review, say) {
  const { timeline, who } = review;
  const known = new Map();
  const list = make("ol", { class: "notes" });
  const empty = make("p", { class: "empty" });
  const field = make("input", { type: "text", readonly: true, hidden: true, "aria-label": words.linkField });

  const find = ({ key }) => review.view.clips.find(({ id, view }) => `${id} ${view}` === key);
  const act = {
    go(shown) {
      const clip = find(shown);
      timeline.seek(Date.parse(clip.from), clip.view);
    },
    async link(shown) {
      const file = shown.download.url.replace(/^.*\//, "").replace(/\.mp4$/, "");
      if (await copyWords(`${window.location.origin}/?clip=${encodeURIComponent(file)}`, field)) {
        say(words.linkCopied(shown.title));
      }
    },
    remove: ({ id }) => review.remove(id),
  };

  function render() {
    const { clips } = review.view;
    const several = new Set(clips.map(({ view }) => view)).size > 1;
    const views = clips.map((clip) =>
      clipView(clip, {
        clock: review.clock(timeline.common(Date.parse(clip.from), clip.view)),
        own: who.write && clip.author === who.name,
        view: several ? timeline.title(clip.view) : "",
      }),
    );
    keepList(list, views, known, () => makeItem(act));
    empty.textContent = who.write ? words.noClipsWrite : words.noClips;
    empty.hidden = clips.length > 0;
  }

  return { element: make("section", {}, list, empty, field), render };
}
