// Where the views lie on the page. Pure: sizes in px go in, rectangles {left, top, width, height} come out, one for
// each view in its order.

const RATIO = 16 / 9;
// Between two views.
const GAP = 6;
// The small ones beside a large one are at least as wide as this, if there is room.
const SMALL = 150;
// The large one takes so much of the width, or of the height, at the most.
const SHARES = [0.84, 0.8, 0.76, 0.72, 0.68, 0.64, 0.6, 0.55, 0.5];

function fitted(width, height) {
  const wide = Math.min(width, height * RATIO);
  return { width: Math.floor(wide), height: Math.floor(wide / RATIO) };
}

/** The tiles of `count` equal views in `columns`, each as large as it can be. */
function grid(count, columns, { width, height }) {
  const rows = Math.ceil(count / columns);
  const tile = fitted((width - GAP * (columns - 1)) / columns, (height - GAP * (rows - 1)) / rows);
  const top = (height - rows * tile.height - GAP * (rows - 1)) / 2;
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = (width - inRow * tile.width - GAP * (inRow - 1)) / 2;
    return place(tile, left + (i - row * columns) * (tile.width + GAP), top + row * (tile.height + GAP));
  });
}

function place(tile, left, top) {
  return { left: Math.round(left), top: Math.round(top), width: tile.width, height: tile.height };
}

/** All views of one size. */
export function equalTiles(count, size) {
  const choices = Array.from({ length: count }, (_, i) => grid(count, i + 1, size));
  return choices.reduce((best, one) => (one[0].width > best[0].width ? one : best));
}

/** One large view, the others in a strip beside it (`along` "height") or below it ("width"). */
function withStrip(count, share, along, lines, size) {
  const beside = along === "height";
  const main = fitted(beside ? size.width * share : size.width, beside ? size.height : size.height * share);
  const left = beside ? size.width - main.width - GAP : size.width;
  const high = beside ? main.height : size.height - main.height - GAP;
  const perLine = Math.ceil(count / lines);
  const [columns, rows] = beside ? [lines, perLine] : [perLine, lines];
  const small = fitted((left - GAP * (columns - 1)) / columns, (high - GAP * (rows - 1)) / rows);
  return { main, small, beside, columns, rows };
}

function laid({ main, small, beside, columns, rows }, count, size) {
  const strip = { width: columns * (small.width + GAP) - GAP, height: rows * (small.height + GAP) - GAP };
  const whole = beside
    ? { width: main.width + GAP + strip.width, height: main.height }
    : { width: Math.max(main.width, strip.width), height: main.height + GAP + strip.height };
  const left = (size.width - whole.width) / 2;
  const top = (size.height - whole.height) / 2;
  const large = place(main, beside ? left : (size.width - main.width) / 2, top);
  const from = beside
    ? { left: left + main.width + GAP, top: top + Math.max(0, (main.height - strip.height) / 2) }
    : { left: (size.width - strip.width) / 2, top: top + main.height + GAP };
  const others = Array.from({ length: count }, (_, i) => {
    const [column, row] = beside ? [Math.floor(i / rows), i % rows] : [i % columns, Math.floor(i / columns)];
    return place(small, from.left + column * (small.width + GAP), from.top + row * (small.height + GAP));
  });
  return [large, ...others];
}

/** The view number `large` as large as leaves room for the others beside or below it. */
export function oneLarge(count, large, size) {
  if (count === 1) {
    return equalTiles(1, size);
  }
  const choices = [].concat(
    ...SHARES.map((share) => [
      ...[1, 2].map((lines) => withStrip(count - 1, share, "height", lines, size)),
      ...[1, 2].map((lines) => withStrip(count - 1, share, "width", lines, size)),
    ]),
  );
  const worth = ({ main, small }) => main.width + Math.min(0, small.width - SMALL) * 8 + small.width / 2;
  const best = choices.reduce((found, one) => (worth(one) > worth(found) ? one : found));
  const [main, ...others] = laid(best, count - 1, size);
  return [...others.slice(0, large), main, ...others.slice(large)];
}
