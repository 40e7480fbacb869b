// The QR code of a check-in address.

import { encode } from "uqr";

export interface Qr {
  size: number;
  /** An SVG path that fills the dark modules, one unit each. */
  path: string;
}

/** The address that phones open; in capitals it needs fewer, larger modules. */
export const address = (origin: string, session: number, code: string): string => `${origin}/C/${session}/${code}`.toUpperCase();

export function qr(text: string): Qr {
  const { size, data } = encode(text, { ecc: "M", border: 0 });
  let path = "";
  for (const [y, row] of data.entries()) {
    for (let x = 0; x < size; x++) {
      if (!row[x]) continue;
      let wide = 1;
      while (row[x + wide]) wide++;
      path += `M${x} ${y}h${wide}v1h-${wide}z`;
      x += wide;
    }
  }
  return { size, path };
}
