// Cutting names to the room there is for them.

/** Measures text in ems. */
export type Ruler = (text: string) => number;

/** rulerOf measures in the font of an element, at the weight of names. */
export function rulerOf(element: Element): Ruler {
  const canvas = document.createElement("canvas").getContext("2d");
  if (!canvas) return (text) => 0.6 * text.length;
  const em = 100;
  canvas.font = `550 ${em}px ${getComputedStyle(element).fontFamily}`;
  const known = new Map<string, number>();
  return (text) => {
    let width = known.get(text);
    if (width === undefined) known.set(text, (width = canvas.measureText(text).width / em));
    return width;
  };
}

/** fit returns the text, or as much of its beginning as has room, with an ellipsis. */
export function fit(text: string, room: number, ruler: Ruler): string {
  if (ruler(text) <= room) return text;
  const letters = [...text];
  let shown = Math.min(letters.length - 1, Math.max(1, Math.floor((letters.length * room) / ruler(text))));
  const cut = () => letters.slice(0, shown).join("").trimEnd() + "…";
  while (shown > 1 && ruler(cut()) > room) shown--;
  return cut();
}
