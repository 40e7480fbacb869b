// Counts what people do: the events that their browser sees, and the pages that they open.

import type { BrowserContext, Locator, Page } from "@playwright/test";

export interface Count {
  clicks: number;
  keys: number;
  files: number;
}

export const total = (c: Count): number => c.clicks + c.keys + c.files;
export const sum = (all: Count[]): Count =>
  all.reduce((a, b) => ({ clicks: a.clicks + b.clicks, keys: a.keys + b.keys, files: a.files + b.files }), {
    clicks: 0,
    keys: 0,
    files: 0,
  });

export class Tally {
  readonly steps = new Map<string, Count>();
  #step = "";

  /** What follows is part of a step. */
  step(name: string): void {
    this.#step = name;
    if (!this.steps.has(name)) this.steps.set(name, { clicks: 0, keys: 0, files: 0 });
  }

  add(what: keyof Count, n = 1): void {
    const step = this.steps.get(this.#step);
    if (!step) throw new Error("something is done, but no step was named");
    step[what] += n;
  }

  /** Counts everything that is done in the pages of a browser. */
  async watch(context: BrowserContext): Promise<void> {
    await context.exposeBinding("musterTally", (_, what: keyof Count, n: number) => this.add(what, n));
    await context.addInitScript(() => {
      const tell = (window as unknown as { musterTally(what: string, n: number): void }).musterTally;
      const listen = (type: string, count: (e: Event) => void) => window.addEventListener(type, count, { capture: true, passive: true });
      listen("pointerdown", () => tell("clicks", 1));
      listen("keydown", () => tell("keys", 1));
      listen("drop", (e) => {
        tell("clicks", 1); // what is dropped was taken hold of
        tell("files", (e as DragEvent).dataTransfer?.files.length ?? 0);
      });
      listen("change", (e) => {
        const files = (e.target as HTMLInputElement).files;
        if (files) tell("files", files.length);
      });
    });
  }

  /** Opens a page that is a bookmark: one click, outside of the page. */
  async bookmark(page: Page, path: string): Promise<void> {
    this.add("clicks");
    await page.goto(path);
  }
}

/** Drops a file on something, as from a folder. */
export async function drop(target: Locator, name: string, type: string, content: Buffer): Promise<void> {
  const held = await target.page().evaluateHandle(
    ([name, type, base64]) => {
      const bytes = Uint8Array.from(atob(base64!), (c) => c.charCodeAt(0));
      const held = new DataTransfer();
      held.items.add(new File([bytes], name!, { type: type! }));
      return held;
    },
    [name, type, content.toString("base64")],
  );
  await target.dispatchEvent("dragover", { dataTransfer: held });
  await target.dispatchEvent("drop", { dataTransfer: held });
}
