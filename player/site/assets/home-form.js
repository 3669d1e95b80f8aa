// The search form of the home page. The address always says what it asks for, so a view can be shared.

import { filterQuery, readFilter } from "./home-filter.js";
import { text } from "./text.js";

const FIELDS = ["words", "stream", "group", "label"];

function option(value, words) {
  const element = document.createElement("option");
  element.value = value;
  element.textContent = words;
  return element;
}

/** Offers choices [[value, words], …] below `all`; what is chosen stays chosen, whether it is offered or not. */
function fillSelect(select, all, choices) {
  const chosen = select.value;
  const known = choices.some(([value]) => value === chosen) || !chosen ? choices : [...choices, [chosen, chosen]];
  const wanted = [["", all], ...known];
  if (JSON.stringify(wanted) !== JSON.stringify([...select.options].map(({ value, label }) => [value, label]))) {
    select.textContent = "";
    select.append(...wanted.map(([value, words]) => option(value, words)));
    select.value = chosen;
  }
}

/** Offers labels [[name, [value, …]], …], those of a name together; what is chosen stays chosen. */
function fillLabels(select, labels) {
  const chosen = select.value;
  const offered = JSON.stringify(labels);
  if (select.dataset.offered !== offered) {
    select.dataset.offered = offered;
    select.textContent = "";
    select.append(option("", text.home.allLabels));
    labels.forEach(([name, values]) => {
      const group = document.createElement("optgroup");
      group.label = text.home.labels[name];
      group.append(...values.map((value) => option(`${name}:${value}`, value)));
      select.append(group);
    });
    if (chosen && ![...select.options].some(({ value }) => value === chosen)) {
      select.append(option(chosen, chosen.replace(/^[a-z]+:/, "")));
    }
    select.value = chosen;
  }
}

/**
 * Follows the form and the address; calls onFilter(filter) after each change by the reader. Returns {filter(), which
 * tells the filter now, choose(label), and offer(choices)}.
 */
export function watchFilter(onFilter) {
  const form = document.getElementById("find");
  const fields = Object.fromEntries(FIELDS.map((name) => [name, document.getElementById(name)]));
  const filter = () => Object.fromEntries(FIELDS.map((name) => [name, fields[name].value]));

  function fill() {
    const asked = readFilter(window.location.search);
    FIELDS.forEach((name) => {
      const field = fields[name];
      if (field.options && ![...field.options].some(({ value }) => value === asked[name])) {
        field.append(option(asked[name], asked[name]));
      }
      field.value = asked[name];
    });
  }

  /** Puts the filter into the address. Letters typed in a row are one step of the history. */
  function keep(typing) {
    const address = window.location.pathname + filterQuery(filter());
    if (address === window.location.pathname + window.location.search) {
      return;
    }
    const goesOn = typing && window.history.state && window.history.state.typing;
    window.history[goesOn ? "replaceState" : "pushState"]({ typing }, "", address);
  }

  function onChange({ target }) {
    if (target === fields.words) {
      // The field is left, or the search key pressed: what is typed next is another search.
      window.history.replaceState({ typing: false }, "");
    }
  }

  form.addEventListener("input", ({ target }) => {
    keep(target === fields.words);
    onFilter(filter());
  });
  form.addEventListener("change", onChange);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("show-all").addEventListener("click", () => {
    FIELDS.forEach((name) => {
      fields[name].value = "";
    });
    keep(false);
    onFilter(filter());
    fields.words.focus();
  });
  window.addEventListener("popstate", () => {
    fill();
    onFilter(filter());
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      fields.words.focus();
    }
  });
  fields.words.placeholder = text.labels.words;
  fill();
  return {
    filter,
    /** Filters by one label, "map:Harbour". */
    choose(label) {
      fields.label.value = label;
      keep(false);
      onFilter(filter());
    },
    offer({ streams, groups, labels }) {
      fillLabels(fields.label, labels);
      fields.label.closest("label").hidden = labels.length === 0 && !fields.label.value;
      fillSelect(fields.stream, text.home.allStreams, streams);
      fillSelect(fields.group, text.home.allGroups, groups.map((name) => [name, name]));
      fields.group.closest("label").hidden = groups.length === 0 && !fields.group.value;
    },
  };
}
