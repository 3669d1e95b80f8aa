// What each key does: one table for the listener and for the sheet of shortcuts. Pure functions.

const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));

// {keys: as events name them, in lower case; shown: as people read them; does, by: the action and its argument;
// group: where on the sheet; writes: for who may write}. Lengths in s, volume as a part of the whole.
export const KEYS = [
  { group: "playing", keys: ["k", " ", "spacebar", "mediaplaypause"], shown: ["K", "space"], does: "toggle" },
  { group: "playing", keys: ["j"], shown: ["J"], does: "seekBy", by: -10 },
  { group: "playing", keys: ["l"], shown: ["L"], does: "seekBy", by: 10 },
  { group: "playing", keys: ["arrowleft"], shown: ["←"], does: "seekBy", by: -5 },
  { group: "playing", keys: ["arrowright"], shown: ["→"], does: "seekBy", by: 5 },
  { group: "playing", keys: [","], shown: [","], does: "stepBy", by: -1 },
  { group: "playing", keys: ["."], shown: ["."], does: "stepBy", by: 1 },
  { group: "playing", keys: DIGITS, shown: ["0 – 9"], does: "seekToTenth" },
  { group: "playing", keys: ["home"], shown: ["home"], does: "seekToStart" },
  { group: "playing", keys: ["end"], shown: ["end"], does: "seekToEnd" },
  { group: "playing", keys: ["<"], shown: ["<"], does: "speedBy", by: -1 },
  { group: "playing", keys: [">"], shown: [">"], does: "speedBy", by: 1 },
  { group: "playing", keys: ["b"], shown: ["B"], does: "loop" },
  { group: "looking", keys: ["arrowup"], shown: ["↑"], does: "volumeBy", by: 0.05 },
  { group: "looking", keys: ["arrowdown"], shown: ["↓"], does: "volumeBy", by: -0.05 },
  { group: "looking", keys: ["m"], shown: ["M"], does: "mute" },
  { group: "looking", keys: ["f"], shown: ["F"], does: "fullscreen" },
  { group: "looking", keys: ["p"], shown: ["P"], does: "pictureInPicture" },
  { group: "looking", keys: ["c"], shown: ["C"], does: "copyLink" },
  { group: "reviewing", keys: ["n"], shown: ["N"], does: "review", by: "mark", writes: true },
  { group: "reviewing", keys: ["["], shown: ["["], does: "review", by: "clipFrom", writes: true },
  { group: "reviewing", keys: ["]"], shown: ["]"], does: "review", by: "clipTo", writes: true },
  { group: "reviewing", keys: ["enter"], shown: ["enter"], does: "review", by: "cut", writes: true },
  { group: "reviewing", keys: ["s"], shown: ["S"], does: "review", by: "frame" },
  { group: "reviewing", keys: ["d"], shown: ["D"], does: "review", by: "draw" },
  { group: "reviewing", keys: ["r"], shown: ["R"], does: "review", by: "panel" },
  { group: "looking", keys: ["?"], shown: ["?"], does: "sheet" },
];

// What a key that is held down does again and again.
const REPEATED = ["seekBy", "stepBy", "volumeBy"];
// Keys by which a focused control is worked, so that they are its own.
const OWN_KEYS = {
  button: [" ", "spacebar", "enter"],
  range: ["arrowleft", "arrowright", "arrowup", "arrowdown", "home", "end"],
  field: null,
};

const BRACKETS = ["[", "]"];

/**
 * The action {does, by} for a key press {key, ctrlKey, altKey, metaKey, repeat}, or null. `focus` is the kind of
 * control that has the focus: "field" keeps all keys, "button" and "range" those by which they are worked, "" none.
 * `table` lists the keys, as KEYS does.
 */
export function actionOf(event, focus = "", table = KEYS) {
  const { key, ctrlKey = false, altKey = false, metaKey = false, repeat = false } = event;
  const name = key.toLowerCase();
  // Many keyboards have brackets with AltGr only, which comes as Alt, or as Ctrl and Alt.
  const typed = altKey && BRACKETS.includes(key);
  if (metaKey || ((ctrlKey || altKey) && !typed) || focus === "field" || (focus && OWN_KEYS[focus].includes(name))) {
    return null;
  }
  const found = table.find(({ keys }) => keys.includes(name));
  if (!found || (repeat && !REPEATED.includes(found.does))) {
    return null;
  }
  return { does: found.does, by: found.does === "seekToTenth" ? Number(name) : found.by };
}
