import { expect, test } from "vitest";
import { Problem } from "../api";
import type { CellEdit, EditAnswer, GridAnswer } from "./api";
import { Term, type Server } from "./term.svelte";

const answer = (marks: string[], notes: GridAnswer["notes"] = []): GridAnswer => ({
  course: { id: 5, code: "CS101", title: "Algorithms" },
  sessions: [
    { id: 41, title: "Week 1", status: "closed", starts: 1, seq: 9 },
    { id: 42, title: "Week 2", status: "open", starts: 2, seq: 4 },
  ],
  students: marks.map((m, i) => ({ id: i + 1, family: `F${i}`, given: "G", ref: "", marks: m, sources: m.replace(/[a-z]/g, "h") })),
  notes,
  statuses: [],
});

class Fake implements Server {
  now = answer(["p.", "a."], [{ person: 2, session: 41, note: "ill" }]);
  sent: CellEdit[][] = [];
  undone: [number, boolean][] = [];
  reply: (marks: CellEdit[]) => EditAnswer = (marks) => ({ set: 7, results: marks.map(() => "set"), refused: [] });
  grid = () => Promise.resolve(this.now);
  edit(marks: CellEdit[]) {
    this.sent.push(marks);
    try {
      return Promise.resolve(this.reply(marks));
    } catch (err) {
      return Promise.reject(err);
    }
  }
  undo(set: number, rest: boolean) {
    this.undone.push([set, rest]);
    return Promise.resolve({ undone: true, set: 100 + set, detail: "" });
  }
}

async function loaded(): Promise<[Term, Fake]> {
  const fake = new Fake();
  const term = new Term(fake);
  await term.load();
  return [term, fake];
}

const settle = () => new Promise((done) => setTimeout(done));
const marks = (term: Term) => term.rows.map((r) => r.cells.map((c) => c.mark));

test("a change is shown at once and sent as one call; a note stays unless another is given", async () => {
  const [term, fake] = await loaded();
  const [a, b] = term.rows;
  const wishes = [
    { row: a!, column: 0, mark: "late" as const },
    { row: b!, column: 0, mark: "excused" as const },
    { row: b!, column: 1, mark: "unset" as const },
  ];
  expect(term.edit(wishes)).toBe(2); // the last one is so already
  expect(marks(term)).toEqual([
    ["late", "unset"],
    ["excused", "unset"],
  ]);
  expect(term.rows[1]!.cells[0]).toMatchObject({ note: "ill", asked: true });
  await settle();
  expect(fake.sent).toEqual([
    [
      { person: 1, session: 41, mark: "late" },
      { person: 2, session: 41, mark: "excused" },
    ],
  ]);
  expect(term.rows[1]!.cells[0]!.asked).toBe(false);
  expect(term.canUndo).toBe(true);
});

test("what the server refuses goes back to what it was, and says why", async () => {
  const [term, fake] = await loaded();
  fake.reply = () => ({ set: 8, results: ["set", "refused"], refused: [{ at: 1, why: "Not opened yet." }] });
  const [a] = term.rows;
  term.edit([
    { row: a!, column: 0, mark: "late" },
    { row: a!, column: 1, mark: "late" },
  ]);
  await settle();
  expect(marks(term)[0]).toEqual(["late", "unset"]);
  expect(term.rows[0]!.cells[1]!.trouble).toBe("Not opened yet.");
  expect(term.failure?.words).toContain("1 of 2 marks were not set. Not opened yet.");
});

test("when the server cannot be reached, everything goes back and can be tried again", async () => {
  const [term, fake] = await loaded();
  const works = fake.reply;
  fake.reply = () => {
    throw new Problem(0, "offline", "The server cannot be reached.");
  };
  term.edit([{ row: term.rows[0]!, column: 0, mark: "absent" }]);
  await settle();
  expect(marks(term)[0]).toEqual(["present", "unset"]);
  fake.reply = works;
  term.failure!.again!.act();
  await settle();
  expect(marks(term)[0]).toEqual(["absent", "unset"]);
});

test("undo and redo take the newest change set back and back again", async () => {
  const [term, fake] = await loaded();
  term.edit([{ row: term.rows[0]!, column: 0, mark: "absent" }]);
  await settle();
  await term.undo();
  await term.redo();
  expect(fake.undone).toEqual([
    [7, false],
    [107, false],
  ]);
  expect([term.canUndo, term.canRedo]).toEqual([true, false]);
});

test("an undo that others have contradicted is offered for the rest", async () => {
  const [term, fake] = await loaded();
  term.edit([{ row: term.rows[0]!, column: 0, mark: "absent" }]);
  await settle();
  const works = fake.undo.bind(fake);
  fake.undo = () => Promise.resolve({ undone: false, set: 0, detail: "1 of the 2 changes has been changed again." });
  await term.undo();
  expect(term.canUndo).toBe(true);
  fake.undo = works;
  term.failure!.again!.act();
  await settle();
  expect(fake.undone).toEqual([[7, true]]);
});

test("what happens in an open session is shown, but not over what is being saved", async () => {
  const [term] = await loaded();
  term.edit([{ row: term.rows[0]!, column: 1, mark: "late" }]);
  term.delta(42, {
    t: "delta",
    from: 5,
    to: 7,
    events: [
      [5, 1, "mark", 1, "present", "code", 1, ""],
      [6, 1, "mark", 2, "present", "code", 2, ""],
      [7, 1, "close", 0, "", "hand", 3, ""],
    ],
  });
  expect(marks(term)).toEqual([
    ["present", "late"],
    ["absent", "present"],
  ]);
  expect(term.sessions[1]!.status).toBe("closed");
  await settle();
});
