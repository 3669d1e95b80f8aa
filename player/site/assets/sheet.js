// The sheet of shortcuts: made of the table of keys. The browser's own dialog keeps the focus inside.

import { KEYS } from "./keys.js";
import { text } from "./text.js";

function element(name, words, children = []) {
  const made = document.createElement(name);
  made.textContent = words;
  made.append(...children);
  return made;
}

function row({ shown, does, by, writes = false }) {
  const words = text.keys[does];
  const keys = shown.map((key) => element("kbd", text.keyNames[key] || key));
  const told = element("dd", typeof words === "function" ? words(by) : words);
  const made = element("div", "", [element("dt", "", keys), told]);
  made.classList.toggle("for-writers", writes);
  return made;
}

function fill(list, table, fingers) {
  const groups = table.map(({ group }) => group).filter((group, i, all) => all.indexOf(group) === i);
  groups.forEach((group) => {
    const rows = table.filter((one) => one.group === group).map(row);
    list.append(element("section", "", [element("h3", text.keyGroups[group]), element("dl", "", rows)]));
  });
  const rows = fingers.map(([how, what]) => element("div", "", [element("dt", how), element("dd", what)]));
  list.append(element("section", "", [element("h3", text.keyGroups.touch), element("dl", "", rows)]));
}

/**
 * Makes the sheet in a dialog element with a `.keys` inside, from a table of keys and a list of what fingers do;
 * returns {toggle()}.
 */
export function setUpSheet(dialog, button, { table = KEYS, fingers = text.touch } = {}) {
  let before = null;
  fill(dialog.querySelector(".keys"), table, fingers);

  function open() {
    before = document.activeElement;
    dialog.showModal();
  }

  function toggle() {
    if (dialog.open) {
      dialog.close();
    } else {
      open();
    }
  }

  const way = dialog.querySelector("button");
  button.addEventListener("click", toggle);
  way.addEventListener("click", () => dialog.close());
  // The only control: a browser would go on to its own window.
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Tab") {
      event.preventDefault();
      way.focus();
    }
  });
  // In full screen the key that closes the sheet may be the browser's own.
  document.addEventListener("fullscreenchange", () => !document.fullscreenElement && dialog.open && dialog.close());
  // A click beside the sheet is on the dialog itself: its contents fill it.
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener("close", () => before && before.focus());
  return { toggle };
}
