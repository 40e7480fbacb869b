// Which cells are selected: a rectangle from an anchor to the cell that the keyboard
// is at, as in a spreadsheet.

export interface At {
  readonly row: number;
  readonly column: number;
}

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

export interface Selected {
  readonly anchor: At;
  readonly active: At;
}

export interface Rectangle {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export const rectangle = ({ anchor, active }: Selected): Rectangle => ({
  top: Math.min(anchor.row, active.row),
  bottom: Math.max(anchor.row, active.row),
  left: Math.min(anchor.column, active.column),
  right: Math.max(anchor.column, active.column),
});

export const cells = (r: Rectangle): number => (r.bottom - r.top + 1) * (r.right - r.left + 1);

export const single = (at: At): Selected => ({ anchor: at, active: at });

/** within moves a cell to the nearest one that there is. */
export const within = (at: At, size: Size): At => ({
  row: Math.max(0, Math.min(size.rows - 1, at.row)),
  column: Math.max(0, Math.min(size.columns - 1, at.column)),
});

export interface Key {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

/** moved is the selection after a key, or undefined if that is none that moves. */
export function moved(now: Selected, key: Key, size: Size, page: number): Selected | undefined {
  if (key.altKey || size.rows === 0 || size.columns === 0) return undefined;
  const far = key.ctrlKey || key.metaKey;
  const { row, column } = now.active;
  const last = { row: size.rows - 1, column: size.columns - 1 };
  let to: At | undefined;
  switch (key.key) {
    case "ArrowUp":
      to = { row: far ? 0 : row - 1, column };
      break;
    case "ArrowDown":
      to = { row: far ? last.row : row + 1, column };
      break;
    case "ArrowLeft":
      to = { row, column: far ? 0 : column - 1 };
      break;
    case "ArrowRight":
      to = { row, column: far ? last.column : column + 1 };
      break;
    case "PageUp":
      to = { row: row - page, column };
      break;
    case "PageDown":
      to = { row: row + page, column };
      break;
    case "Home":
      to = { row: far ? 0 : row, column: 0 };
      break;
    case "End":
      to = { row: far ? last.row : row, column: last.column };
      break;
    case "Enter":
      return far ? undefined : single(within({ row: row + (key.shiftKey ? -1 : 1), column }, size));
    case "a":
    case "A":
      return far ? { anchor: { row: 0, column: 0 }, active: last } : undefined;
    case " ":
      // As in spreadsheets: Shift+Space takes the row, Ctrl+Space the column.
      if (key.shiftKey) return { anchor: { row, column: 0 }, active: { row, column: last.column } };
      return far ? { anchor: { row: 0, column }, active: { row: last.row, column } } : undefined;
  }
  if (!to) return undefined;
  to = within(to, size);
  return key.shiftKey ? { anchor: now.anchor, active: to } : single(to);
}
