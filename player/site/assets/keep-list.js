// A list on the page whose items are made once, afterwards changed only where what they say has changed, and not moved.

/**
 * Makes a list's children those of `views`, in their order, each known by its key. Who stays is not moved, so the
 * focus stays; where the focused one goes, its neighbour gets the focus. `kinds.make(view)` returns
 * {element, change(view)}; `known` is the list's own Map, empty at first.
 */
export function keepList(list, views, known, makeItem) {
  const wanted = new Set(views.map(({ key }) => key));
  [...known].filter(([key]) => !wanted.has(key)).forEach(([key, { element }]) => {
    known.delete(key);
    leave(element);
  });
  let place = list.firstElementChild;
  views.forEach((view) => {
    if (!known.has(view.key)) {
      known.set(view.key, { ...makeItem(view), said: "" });
    }
    const item = known.get(view.key);
    const says = JSON.stringify(view);
    if (item.said !== says) {
      item.said = says;
      item.change(view);
    }
    if (item.element === place) {
      place = place.nextElementSibling;
    } else {
      list.insertBefore(item.element, place);
    }
  });
}

function leave(element) {
  const focused = element.contains(document.activeElement);
  const neighbour = element.nextElementSibling || element.previousElementSibling;
  element.remove();
  const link = focused && neighbour && neighbour.querySelector("a, button");
  if (link) {
    link.focus();
  }
}
