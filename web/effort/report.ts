// What was counted, as docs/effort.md.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { sum, total, type Count } from "./tally";
import { size, weeks, type Term } from "./term";
import { listLine, type Way } from "./ways";

const target = fileURLToPath(new URL("../../docs/effort.md", import.meta.url));
const begin = "<!-- counted by make effort -->";
const end = "<!-- until here -->";

const linesOf = (way: Way) => way.steps.filter((s) => s.name === listLine).reduce((all, s) => all + s.times * total(s.once), 0);

const n = (count: number) => count.toLocaleString("en");
const fewer = (few: number, many: number) => `${(Math.floor((1 - few / many) * 1000) / 10).toFixed(1)} %`;

export interface Ways {
  muster: [string, Count][];
  sheet: Way;
  single: Way;
}

export function document(term: Term, ways: Ways): { table: string; write(): Promise<void> } {
  const muster = sum(ways.muster.map(([, c]) => c));
  const mine = total(muster);
  const { held, excuses, team, corrections } = term.counts;
  // Quicker forms of the other two ways: formulas that look up the week's list as well,
  // which is pasted once; a button for each status instead of a list; a button that
  // marks all as present, so that only the others are chosen from the list.
  const lookedUp = ways.sheet.total - linesOf(ways.sheet) + weeks * 9;
  const button = ways.single.total - held * size;
  const others = term.held.reduce((all, s) => all + [...term.came.get(s)!.values()].filter((did) => did !== "p").length, 0);
  const allPresent = ways.single.total - 2 * held * size + held + 2 * others;
  const steps = (way: Way) =>
    way.steps.map((s) => `| ${s.name} | ${s.how} | ${total(s.once)} | ${n(s.times)} | ${n(s.times * total(s.once))} |`).join("\n");

  const table = [
    `| ${n(held * size)} marks, ${excuses} excuses, ${team} of a team, ${corrections} corrections | clicks, keys and files | by muster there are fewer by |`,
    "| --- | --- | --- |",
    `| by muster | ${n(mine)} | |`,
    `| by a spreadsheet | ${n(ways.sheet.total)} | ${fewer(mine, ways.sheet.total)} |`,
    `| the same, with formulas that look up the list of excuses and corrections too | ${n(lookedUp)} | ${fewer(mine, lookedUp)} |`,
    `| one mark at a time, from a list of statuses | ${n(ways.single.total)} | ${fewer(mine, ways.single.total)} |`,
    `| the same, with a button for each status | ${n(button)} | ${fewer(mine, button)} |`,
    `| the same, with a button "all present", and the list for the ${n(others)} others | ${n(allPresent)} | ${fewer(mine, allPresent)} |`,
  ].join("\n");

  const text = `${begin}

${table}

## By muster, as the browser counted it

| step | clicks | keys | files | together |
| --- | --- | --- | --- | --- |
${ways.muster.map(([name, c]) => `| ${name} | ${c.clicks} | ${c.keys} | ${c.files} | ${total(c)} |`).join("\n")}
| **together** | **${muster.clicks}** | **${muster.keys}** | **${muster.files}** | **${mine}** |

## By a spreadsheet

| step | how | each | times | together |
| --- | --- | --- | --- | --- |
${steps(ways.sheet)}
| **together** | | | | **${n(ways.sheet.total)}** |

## One mark at a time

| step | how | each | times | together |
| --- | --- | --- | --- | --- |
${steps(ways.single)}
| **together** | | | | **${n(ways.single.total)}** |

${end}`;

  return {
    table,
    async write() {
      const was = await readFile(target, "utf8");
      await writeFile(target, was.slice(0, was.indexOf(begin)) + text + was.slice(was.indexOf(end) + end.length));
    },
  };
}
