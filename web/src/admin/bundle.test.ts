import { expect, test } from "vitest";
import { formOf, guessFormat, mapped, unfit } from "./bundle";

test("what the files are is guessed from their names", () => {
  expect(guessFormat(["export.zip"])).toBe("bundle");
  expect(guessFormat(["Users.csv"])).toBe("bundle");
  expect(guessFormat(["a.csv", "b.csv"])).toBe("bundle");
  expect(guessFormat(["participants.csv"])).toBe("csv");
});

test("a preview asks for nothing to be applied", () => {
  const form = formOf({ files: [new File(["x"], "a.zip")], format: "bundle" });
  expect([...form.keys()]).toEqual(["apply", "file"]);
  expect(form.get("apply")).toBe("false");
});

test("applying names the preview, and what may be left out", () => {
  const form = formOf({ files: [], format: "csv", course: "CS101", mapping: { ref: "Nr" }, digest: "d", allowRejects: true });
  expect(Object.fromEntries(form.entries())).toEqual({
    format: "csv",
    apply: "true",
    digest: "d",
    allow_rejects: "true",
    course: "CS101",
    mapping: '{"ref":"Nr"}',
  });
});

test("a mapping must tell people apart and name them", () => {
  expect(mapped({ ref: "Nr", email: "" })).toEqual({ ref: "Nr" });
  expect(unfit({ ref: "Nr", name: "Name" })).toBe("");
  expect(unfit({ email: "Mail", family: "Name" })).toBe("");
  expect(unfit({ family: "Name" })).toMatch(/reference, username or email/);
  expect(unfit({ ref: "Nr", family: "" })).toMatch(/family name/);
});
