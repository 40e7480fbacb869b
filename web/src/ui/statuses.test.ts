import { expect, test } from "vitest";
import { keyFor } from "./statuses";

test("a status gets a key of its name that is none of the others'", () => {
  expect(keyFor("Left early", [])).toBe("left_early");
  expect(keyFor("Très tôt!", ["tres_tot"])).toBe("tres_tot_2");
  expect(keyFor("オンライン", ["status"])).toBe("status_2");
  expect(keyFor("Somewhere else altogether", [])).toBe("somewhere_else_a");
});
