// Markers to take along: as text for a chat, as JSON, as CSV. Pure.
//
// A row is {note, clock, link}: what was noted, “R7 1:12” or the time of day, and the address of that moment.

const COLUMNS = ["time", "clock", "view", "author", "kind", "tag", "text", "link"];
// What a spreadsheet would take for a formula.
const FORMULA = /^[=+\-@\t\r]/;

function sentence({ note, clock, link }) {
  const tag = note.tag ? `#${note.tag}` : "";
  const said = note.kind === "round" ? [] : [[note.text, tag].filter(Boolean).join(" "), `(${note.author})`];
  return [clock, ...said.filter(Boolean), link].join(" ");
}

/** One line for each marker, with its link: what a chat shows as it is. */
export function asText(title, rows) {
  return `${[title, ...rows.map(sentence)].join("\n")}\n`;
}

function plain({ note, clock, link }) {
  const { id, kind, time, view, author, text, tag } = note;
  return { id, kind, time, clock, view, author, tag: tag || "", text: text || "", link };
}

/** All that is known of each marker. */
export function asJson(title, rows) {
  return `${JSON.stringify({ title, notes: rows.map(plain) }, null, 2)}\n`;
}

function cell(value) {
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/** A table with a heading, for spreadsheets: with a mark of its encoding, and no formulas. */
export function asCsv(rows) {
  const lines = rows.map(plain).map((row) => COLUMNS.map((name) => cell(row[name])).join(","));
  return `\ufeff${[COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}
