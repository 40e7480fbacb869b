import { expect, test } from "vitest";
import { changed, differences } from "./images";

test("only what is different of a thing is told", () => {
  expect(differences({ given: "Ada", family: "Lovelace", active: 1 }, { given: "Ada", family: "King", active: 0 })).toEqual([
    { field: "family", was: "Lovelace", became: "King" },
    { field: "active", was: "yes", became: "no" },
  ]);
});

test("of what is new, the fields that hold something are told", () => {
  expect(differences(null, { ref: "u1", role: "student", ended_at: null })).toEqual([
    { field: "reference", was: "nothing", became: "u1" },
    { field: "role", was: "nothing", became: "student" },
  ]);
});

test("a mark's author and time are not told again", () => {
  expect(
    differences({ mark: "absent", at: 1, source: "rule", actor_id: 0 }, { mark: "excused", at: 2, source: "hand", actor_id: 3 }),
  ).toEqual([{ field: "mark", was: "absent", became: "excused" }]);
});

test("the audit tells marks by word and settings by object", () => {
  expect(changed("present", "late")).toEqual([{ field: "mark", was: "present", became: "late" }]);
  expect(changed("", '{"old":{"late_after":"15m0s"},"new":{"late_after":"5m0s"}}')).toEqual([
    { field: "late after", was: "15m0s", became: "5m0s" },
  ]);
});
