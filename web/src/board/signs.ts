// Signs of marks as images, for tiles and rows of which there may be a thousand: an element
// of SVG in each would cost more than all the rest of the board.

import { marks, signImage } from "../ui/marks";
import "./signs.css";

/** Lets .sign within an element show the mark's sign, in the colours of the day or the night. */
export function drawSigns(element: HTMLElement): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const draw = () => {
    const colours = getComputedStyle(element);
    for (const mark of marks) element.style.setProperty(`--sign-${mark}`, signImage(mark, colours.getPropertyValue(`--${mark}`)));
  };
  draw();
  dark.addEventListener("change", draw);
  return () => dark.removeEventListener("change", draw);
}
