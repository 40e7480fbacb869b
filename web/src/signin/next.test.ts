import { expect, test } from "vitest";
import type { Me, Role } from "../api";
import { nextAddress } from "./next";

const person = (role?: Role, admin = false): Me => ({
  id: 1,
  given: "Ada",
  family: "Lovelace",
  email: "",
  username: "ada",
  admin,
  teaches: role === "teacher",
  courses: role ? [{ id: 1, code: "", title: "", term: "", role, students: 0, open_session: 0 }] : [],
});

test("signing in leads back to where one came from", () => {
  expect(nextAddress(person("student"), "?next=%2Fs%2F42")).toBe("/s/42");
});

test.each(["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "javascript:alert(1)"])(
  "but never to another site: %s",
  (next) => {
    expect(nextAddress(person("student"), "?next=" + encodeURIComponent(next))).toBe("/");
  },
);

test("everybody starts at their own page", () => {
  expect(nextAddress(person("student"), "")).toBe("/");
  expect(nextAddress(person("teacher"), "")).toBe("/teach");
  expect(nextAddress(person(undefined, true), "")).toBe("/admin");
});
