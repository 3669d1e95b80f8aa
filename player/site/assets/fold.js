// How words are compared in a search.

/** Words without case, accents and other marks. */
export function fold(words) {
  return words.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
