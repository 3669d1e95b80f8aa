// Makes elements. Knows nothing of what they are for.

/**
 * An element with attributes (true: present, false or null: absent), its words (`text`), its listeners
 * (`on`: {event: listener}) and its children.
 */
export function make(name, { text, on = {}, ...attributes } = {}, ...children) {
  const element = document.createElement(name);
  Object.entries(attributes)
    .filter(([, value]) => value !== null && value !== false && value !== undefined)
    .forEach(([key, value]) => element.setAttribute(key, value === true ? "" : value));
  if (text !== undefined) {
    element.textContent = text;
  }
  Object.entries(on).forEach(([event, listener]) => element.addEventListener(event, listener));
  element.append(...children);
  return element;
}

/** A button with words; `does` is called when it is pressed. */
export function makeButton(words, does, attributes = {}) {
  return make("button", { type: "button", text: words, on: { click: does }, ...attributes });
}
