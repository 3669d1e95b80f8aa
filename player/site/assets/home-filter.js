// Which cards are wanted, and how the page's own address says so. Pure.

import { fold } from "./fold.js";

const NAMES = { words: "q", stream: "stream", group: "group", label: "label" };

/** The filter {words, stream, group, label} in an address's query; "" is no filter, a label "map:Harbour". */
export function readFilter(search) {
  const query = new URLSearchParams(search);
  return Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [key, query.get(name) || ""]));
}

/** The query of an address that shows this filter, "" or beginning with "?". */
export function filterQuery(filter) {
  const query = new URLSearchParams();
  Object.entries(NAMES).forEach(([key, name]) => filter[key].trim() && query.set(name, filter[key].trim()));
  const words = query.toString();
  return words ? `?${words}` : "";
}

/**
 * What a search looks at, of one card; `dates(iso)` lists the ways in which somebody may write a date.
 * Titles are searched with their #tags, and so is what the team noted.
 */
export function haystack(card, dates) {
  const sessions = card.sessions.map(({ id, title, started }) => [id, title, ...dates(started)]);
  const labels = card.labels.map(([name, value]) => (name === "tag" ? `#${value}` : value));
  return fold([card.title, card.group, card.match, ...labels, ...[].concat(...sessions)].join("\n"));
}

/** A function that tells whether a card is wanted; `hay(card)` is its haystack. All the words must be found. */
export function matcher({ words, stream, group, label }, hay) {
  const needles = fold(words).split(/\s+/).filter(Boolean);
  return (card) =>
    (!stream || card.sessions.some(({ id }) => id === stream)) &&
    (!group || card.group === group) &&
    (!label || card.labels.some(([name, value]) => label === `${name}:${value}`)) &&
    needles.every((needle) => hay(card).includes(needle));
}
