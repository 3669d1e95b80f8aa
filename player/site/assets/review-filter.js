// Which markers the list shows: by words, author, tag and view.

import { make } from "./dom.js";
import { choicesOf } from "./review-notes.js";
import { words } from "./review-words.js";

const SELECTS = { author: "authors", tag: "tags", view: "views" };

/** Makes the form; onFilter() after each change. Returns {element, value(), offer(notes)}. */
export function setUpFilter(timeline, onFilter) {
  const field = make("input", {
    type: "search",
    placeholder: words.findField,
    "aria-label": words.findField,
    autocomplete: "off",
  });
  const selects = Object.fromEntries(
    Object.keys(SELECTS).map((name) => [name, make("select", { "aria-label": words[name] })]),
  );
  const element = make("form", { class: "filter", role: "search", "aria-label": words.find }, field);
  element.append(...Object.values(selects));
  element.addEventListener("submit", (event) => event.preventDefault());
  element.addEventListener("input", onFilter);

  /** Offers what there is; a choice of one is none. What is chosen stays chosen. */
  function fill(name, values) {
    const select = selects[name];
    const chosen = select.value;
    const all = chosen && !values.includes(chosen) ? [...values, chosen] : values;
    if (JSON.stringify(all) !== select.dataset.offered) {
      select.dataset.offered = JSON.stringify(all);
      select.textContent = "";
      select.append(make("option", { value: "", text: words.all[name] }));
      select.append(
        ...all.map((value) =>
          make("option", {
            value,
            text: name === "view" ? timeline.title(value) : name === "tag" ? `#${value}` : value,
          }),
        ),
      );
      select.value = chosen;
    }
    select.hidden = all.length < 2 && !chosen;
  }

  return {
    element,
    value: () => ({
      words: field.value,
      ...Object.fromEntries(Object.entries(selects).map(([name, select]) => [name, select.value])),
    }),
    offer(notes) {
      const choices = choicesOf(notes);
      Object.entries(SELECTS).forEach(([name, values]) => fill(name, choices[values]));
    },
  };
}
