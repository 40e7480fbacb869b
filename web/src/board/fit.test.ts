import { expect, test } from "vitest";
import { fit } from "./fit";

const evenly = (text: string) => [...text].length;

test("a name that has room stays whole", () => {
  expect(fit("Lovelace", 8, evenly)).toBe("Lovelace");
});

test("a name that has none is cut, between letters", () => {
  expect(fit("Lovelace", 7.9, evenly)).toBe("Lovela…");
  expect(fit("Jürgensen", 4, evenly)).toBe("Jür…");
  expect(fit("De Morgan", 4, evenly)).toBe("De…");
  expect(fit("𝒜𝒷𝒸", 2, evenly)).toBe("𝒜…");
});

test("of every name something is shown", () => {
  expect(fit("Wu", -3, evenly)).toBe("W…");
});
