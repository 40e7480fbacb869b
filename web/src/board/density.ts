// How large tiles are so that a whole class fits where it is shown.

export interface Layout {
  columns: number;
  /** Of one tile, in CSS pixels. */
  height: number;
  /** Size of the names, in CSS pixels. */
  font: number;
  /** Whether a tile has two lines: the family name, and the whole given name. */
  roomy: boolean;
  /** Whether all tiles fit without scrolling. */
  fits: boolean;
}

export interface Room {
  /** CSS pixels to fill. */
  width: number;
  height: number;
  /** Between tiles, in CSS pixels. */
  gap: number;
  /** Fingers need larger tiles than a mouse does. */
  touch: boolean;
}

const smallestFont = 11.5;
const largestFont = 19;
const tallest = 84;
// A tile is at least this many times wider than its letters are high: the mark's sign,
// an initial, and seven letters of the family name or, once letters are large enough
// to be read with ease, ten.
const nameWidth = 8.2;
const longNameWidth = 9.8;
const lineHeight = 1.62;
const twoLines = 2.7;
// Among tiles with letters of one size, those of this shape (width by height) look best.
const bestShape = 3;

/** layOut finds the largest tiles with which `count` of them fit; if none do, the page scrolls. */
export function layOut(count: number, room: Room): Layout {
  const shortest = room.touch ? 44 : smallestFont * lineHeight;
  let best: Layout | undefined;
  let bestMisfit = 0;
  for (let columns = 1; columns <= Math.max(count, 1); columns++) {
    const rows = Math.max(1, Math.ceil(count / columns));
    const width = (room.width - room.gap * (columns - 1)) / columns;
    const height = Math.min(tallest, (room.height - room.gap * (rows - 1)) / rows);
    const broad = Math.max(width / longNameWidth, Math.min(smallestFont, width / nameWidth));
    const font = Math.min(largestFont, height / lineHeight, broad);
    if (width < smallestFont * nameWidth * 0.9) break;
    if (height < shortest || font < smallestFont * 0.9) continue;
    const misfit = Math.abs(Math.log(width / height / bestShape));
    if (best && (font < best.font - 0.01 || (font < best.font + 0.01 && misfit >= bestMisfit))) continue;
    best = { columns, height: Math.floor(height), font: Math.max(font, smallestFont), roomy: height >= font * twoLines, fits: true };
    bestMisfit = misfit;
  }
  if (best) return best;
  const font = room.touch ? 13 : 12.5;
  const columns = Math.max(1, Math.floor((room.width + room.gap) / (font * nameWidth + room.gap)));
  return { columns, height: room.touch ? 44 : 30, font, roomy: false, fits: false };
}
