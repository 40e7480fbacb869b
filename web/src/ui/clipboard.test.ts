import { expect, test } from "vitest";
import { csv } from "./clipboard";

test("a table is quoted where it must be, and begins with the mark of UTF-8", () => {
  expect(
    csv([
      ["family", "url"],
      ['O"Brien, Jr', "https://x/?a=b"],
    ]),
  ).toBe('\uFEFFfamily,url\r\n"O""Brien, Jr",https://x/?a=b\r\n');
});

test("no cell runs as a formula", () => {
  expect(csv([["=1+1", "+49", "-x", "@a", "a=b"]])).toBe("\uFEFF'=1+1,'+49,'-x,'@a,a=b\r\n");
});
