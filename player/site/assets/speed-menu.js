// The speed button and its menu.

import { SPEEDS } from "./speeds.js";
import { text } from "./text.js";

const MOVES = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** Makes the menu; `onChoose(speed)` is called with what is chosen. Returns {show(speed)}. */
export function setUpSpeedMenu(button, menu, onChoose) {
  const items = SPEEDS.map((speed) => {
    const item = document.createElement("button");
    item.type = "button";
    item.tabIndex = -1;
    item.textContent = text.speed(speed);
    item.setAttribute("role", "menuitemradio");
    item.addEventListener("click", () => {
      close();
      onChoose(speed);
    });
    return item;
  });
  menu.append(...items);

  function setOpen(open) {
    menu.hidden = !open;
    // The controls stay as long as their menu is open.
    menu.parentElement.toggleAttribute("noautohide", open);
    button.setAttribute("aria-expanded", String(open));
  }

  function close() {
    setOpen(false);
    button.focus();
  }

  function toggle() {
    setOpen(menu.hidden);
    if (!menu.hidden) {
      (items.find((item) => item.getAttribute("aria-checked") === "true") || items[0]).focus();
    }
  }

  function moved(event) {
    if (event.key === "Escape" || event.key === "Tab") {
      close();
    } else if (event.key in MOVES) {
      const next = items.indexOf(document.activeElement) + MOVES[event.key];
      items[Math.min(Math.max(next, 0), items.length - 1)].focus();
    } else {
      return;
    }
    event.preventDefault();
  }

  button.addEventListener("click", toggle);
  menu.addEventListener("keydown", moved);
  document.addEventListener("pointerdown", ({ target }) => {
    if (!menu.hidden && !menu.contains(target) && !button.contains(target)) {
      setOpen(false);
    }
  });

  return {
    show(speed) {
      button.textContent = text.speed(speed);
      button.setAttribute("aria-label", text.speedIs(speed));
      items.forEach((item, i) => item.setAttribute("aria-checked", String(SPEEDS[i] === speed)));
    },
  };
}
