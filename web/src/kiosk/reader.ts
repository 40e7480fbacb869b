// What a card reader types, made into what the card says.

export interface Settings {
  /** What the reader types before and after the number. */
  prefix: string;
  suffix: string;
  /** The key of the status that cards stand for; empty: of none. */
  status: string;
}

export const noSettings: Settings = { prefix: "", suffix: "", status: "" };

/** strip takes off what the reader adds; each end only if it is there. */
export function strip(typed: string, { prefix, suffix }: Pick<Settings, "prefix" | "suffix">): string {
  let card = typed.trim();
  if (prefix !== "" && card.startsWith(prefix)) card = card.slice(prefix.length);
  if (suffix !== "" && card.endsWith(suffix)) card = card.slice(0, -suffix.length);
  return card.trim();
}
