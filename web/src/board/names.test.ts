import { describe, expect, test } from "vitest";
import { byName, fold, Index, shortGivenNames } from "./names";

let next = 1;
const person = (family: string, given: string, ref = "") => ({ id: next++, family, given, ref });

describe("given names on tiles", () => {
  test("have an initial", () => {
    const ada = person("Lovelace", "Ada");
    expect(shortGivenNames([ada]).get(ada.id)).toBe("A.");
  });

  test("tell namesakes apart by as many letters as it takes", () => {
    const people = [person("Kim", "Anna"), person("Kim", "Anton"), person("Kim", "Bea"), person("Lee", "Anna")];
    const short = shortGivenNames(people);
    expect(people.map((p) => short.get(p.id))).toEqual(["Ann.", "Ant.", "B.", "A."]);
  });

  test("show the whole given name where it begins another's", () => {
    const people = [person("Kim", "Jo"), person("Kim", "Joan")];
    const short = shortGivenNames(people);
    expect(people.map((p) => short.get(p.id))).toEqual(["Jo", "Joa."]);
  });

  test("bear people with one name only, and two who share all names", () => {
    const people = [person("Plato", ""), person("Kim", "Anna"), person("Kim", "Anna")];
    const short = shortGivenNames(people);
    expect(people.map((p) => short.get(p.id))).toEqual(["", "A.", "A."]);
  });
});

describe("search", () => {
  const find = (people: ReturnType<typeof person>[], query: string) => new Index(people).find(query).map((p) => `${p.given} ${p.family}`);

  test("takes no heed of capitals and accents", () => {
    expect(fold("  Šárka O’Brien-Łoś ")).toBe("sarka o brien los");
    expect(find([person("Nguyễn", "Ánh"), person("Smith", "Al")], "nguyen")).toEqual(["Ánh Nguyễn"]);
  });

  test("finds umlauts however they are typed", () => {
    const people = [person("Müller", "Jörg"), person("Weiß", "Ute")];
    for (const query of ["müller", "muller", "mueller", "joerg", "JÖRG"]) expect(find(people, query)).toEqual(["Jörg Müller"]);
    expect(find(people, "weiss")).toEqual(["Ute Weiß"]);
  });

  test("puts family names first, then given names, then what is inside a name", () => {
    const people = [person("Zimmermann", "Ida"), person("Osman", "Ann"), person("Mann", "Tom"), person("Bauer", "Manfred")];
    expect(find(people, "man")).toEqual(["Tom Mann", "Manfred Bauer", "Ida Zimmermann", "Ann Osman"]);
  });

  test("fits every word, in any order", () => {
    const people = [person("Mann", "Tom"), person("Mann", "Eva")];
    expect(find(people, "ev ma")).toEqual(["Eva Mann"]);
    expect(find(people, "mann tom")).toEqual(["Tom Mann"]);
    expect(find(people, "mann bob")).toEqual([]);
  });

  test("finds a reference", () => {
    expect(find([person("Mann", "Tom", "s-4711"), person("Mann", "Eva", "s-4712")], "s-4712")).toEqual(["Eva Mann"]);
  });

  test("without a word shows everyone in order", () => {
    expect(find([person("B", "b"), person("A", "a")], " . ")).toEqual(["b B", "a A"]);
  });
});

test("people stand where a reader looks for them, whatever letters their names begin with", () => {
  const people = [person("Zimmer", "Jo"), person("Doe", "Zoë"), person("Åberg", "Ada"), person("Đorđević", "Ana"), person("doe", "Al")];
  expect(people.sort(byName).map((p) => `${p.family} ${p.given}`)).toEqual(["Åberg Ada", "doe Al", "Doe Zoë", "Đorđević Ana", "Zimmer Jo"]);
});
