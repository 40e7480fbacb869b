// Names: what fits on a tile, and finding a person by a few letters of one.

export interface Named {
  readonly id: number;
  readonly family: string;
  readonly given: string;
  readonly ref: string;
}

const spelledOut: Record<string, string> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ł: "l",
  þ: "th",
  ı: "i",
};

/** fold makes two spellings of a name equal: no capitals, no accents, no punctuation. */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/[ßæœøđłþı]/g, (letter) => spelledOut[letter] ?? letter)
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

const collator = new Intl.Collator();

/** byName orders people as a list in the reader's language does. */
export function byName(a: Pick<Named, "family" | "given">, b: Pick<Named, "family" | "given">): number {
  return collator.compare(a.family, b.family) || collator.compare(a.given, b.given);
}

/** umlauts spells ä, ö and ü as ae, oe and ue, as one does on a keyboard without them. */
function umlauts(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFC")
    .replace(/[äöü]/g, (letter) => ({ ä: "ae", ö: "oe", ü: "ue" })[letter] ?? letter);
}

/**
 * shortGivenNames gives each person the initial of the given name, or as many letters
 * more as it takes to tell apart those with the same family name.
 */
export function shortGivenNames(people: readonly Named[]): Map<number, string> {
  const byFamily = new Map<string, Named[]>();
  for (const person of people) {
    const namesakes = byFamily.get(person.family);
    if (namesakes) namesakes.push(person);
    else byFamily.set(person.family, [person]);
  }
  const short = new Map<number, string>();
  for (const namesakes of byFamily.values()) {
    for (const person of namesakes) {
      const letters = [...person.given];
      let shown = Math.min(1, letters.length);
      const taken = (n: number) => {
        const start = letters.slice(0, n).join("");
        return namesakes.some((other) => other.id !== person.id && other.given !== person.given && other.given.startsWith(start));
      };
      while (shown < letters.length && taken(shown)) shown++;
      const given = letters.slice(0, shown).join("");
      short.set(person.id, shown > 0 && shown < letters.length ? given + "." : given);
    }
  }
  return short;
}

/** Index finds people by parts of their names, best match first. */
export class Index<P extends Named> {
  readonly #lines: { person: P; family: string[]; words: string[]; all: string[] }[];

  constructor(people: readonly P[]) {
    this.#lines = people.map((person) => {
      const spellings = (text: string) => [...new Set([fold(text), fold(umlauts(text))])].filter((s) => s !== "");
      const family = spellings(person.family);
      const names = [...family, ...spellings(person.given)];
      const ref = fold(person.ref);
      return {
        person,
        family,
        words: [...names.flatMap((n) => n.split(" ")), ...(ref ? [ref] : [])],
        all: ref ? [...names, ref] : names,
      };
    });
  }

  /** find returns those whom every word of the query fits; all, in their order, if it has none. */
  find(query: string): P[] {
    const wanted = fold(query).split(" ").filter(Boolean);
    if (wanted.length === 0) return this.#lines.map((line) => line.person);
    const whole = wanted.join(" ");
    return this.#lines
      .map((line, order) => ({ line, order, rank: rank(line, wanted, whole) }))
      .filter((hit) => hit.rank < noMatch)
      .sort((a, b) => a.rank - b.rank || a.order - b.order)
      .map((hit) => hit.line.person);
  }
}

const noMatch = 1000;

/** rank says how well a line fits, from 0. The worst of the query's words decides. */
function rank(line: { family: string[]; words: string[]; all: string[] }, wanted: string[], whole: string): number {
  if (line.all.includes(whole)) return 0;
  if (line.family.some((f) => f.startsWith(whole))) return 1;
  return Math.max(
    ...wanted.map((word) => {
      if (line.family.some((f) => f.startsWith(word))) return 2;
      if (line.words.some((w) => w.startsWith(word))) return 3;
      if (line.all.some((w) => w.includes(word))) return 4;
      return noMatch;
    }),
  );
}
