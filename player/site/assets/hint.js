// A word on the picture about what a key or a tap has just done. It goes by itself.

const SHOWN_MS = 1200;

/** Returns show(words, ms) for an element that is a polite live region; without words it goes at once. */
export function setUpHint(element) {
  let timer = 0;
  return (words, shown = SHOWN_MS) => {
    clearTimeout(timer);
    element.textContent = words;
    element.classList.toggle("shown", words !== "");
    timer = setTimeout(() => {
      element.classList.remove("shown");
      element.textContent = "";
    }, shown);
  };
}
