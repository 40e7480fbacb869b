// Tables in Markdown, printed.

/** The middle one, or the mean of the two in the middle. */
export function median(of: readonly number[]): number {
  const sorted = [...of].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  console.log(["", line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n"));
}

/** So many of them (0 to 1) are no greater. */
export function percentile(of: readonly number[], share: number): number {
  return [...of].sort((a, b) => a - b)[Math.max(0, Math.ceil(of.length * share) - 1)] ?? NaN;
}
