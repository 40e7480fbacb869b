// Where a menu goes beside what it is about.

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** beside puts a menu under the box, or above where there is more room, inside the window. */
export function beside(
  box: Box,
  menu: { width: number; height: number },
  view: { width: number; height: number },
): { left: number; top: number } {
  const margin = 8;
  const left = Math.max(margin, Math.min(box.left, view.width - menu.width - margin));
  const below = box.top + box.height + 4;
  const top = below + menu.height + margin <= view.height ? below : box.top - menu.height - 4;
  return { left, top: Math.max(margin, Math.min(top, view.height - menu.height - margin)) };
}
