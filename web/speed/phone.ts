// A student's phone: Chromium by its own protocol, with nothing of ours in its pages until
// they have been tapped. What a test tool puts into each page to watch it is run before the
// page is, on the slow processor that is to be measured.

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import ours from "./playwright.config";

const quiet = "--disable-features=PreloadTopChromeWebUI,WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup";

export const screen = { width: 390, height: 844 };

type Params = Record<string, unknown>;
type Listener = (params: any) => void;

/** The protocol's messages, each ended by a zero byte, over a pipe. */
export class Chromium {
  readonly #profile = mkdtempSync(join(tmpdir(), "muster-phone-"));
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, { done(result: any): void; failed(e: Error): void }>();
  readonly #listeners = new Map<string, Listener>();
  #id = 0;
  #read = "";

  constructor() {
    const { executablePath, args } = ours.use!.launchOptions!;
    // Each new window would load pages of the browser's own, for a second, beside ours.
    this.#process = spawn(
      executablePath!,
      ["--headless=new", quiet, "--remote-debugging-pipe", `--user-data-dir=${this.#profile}`, ...args!, "about:blank"],
      { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
    );
    (this.#process.stdio[4] as Readable).setEncoding("utf8").on("data", (part: string) => this.#hear(part));
  }

  async close(): Promise<void> {
    const gone = new Promise((exited) => this.#process.once("exit", exited));
    this.#process.kill();
    await gone;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  send(method: string, params: Params = {}, session?: string): Promise<any> {
    const id = ++this.#id;
    (this.#process.stdio[3] as Writable).write(JSON.stringify({ id, method, params, sessionId: session }) + "\0");
    return new Promise((done, failed) => this.#asked.set(id, { done, failed }));
  }

  listen(session: string, event: string, heard: Listener): void {
    this.#listeners.set(`${session} ${event}`, heard);
  }

  #hear(part: string): void {
    const messages = (this.#read + part).split("\0");
    this.#read = messages.pop()!;
    for (const text of messages) {
      const { id, method, params, result, error, sessionId } = JSON.parse(text);
      if (!id) this.#listeners.get(`${sessionId} ${method}`)?.(params);
      else if (error) this.#asked.get(id)?.failed(new Error(error.message));
      else this.#asked.get(id)?.done(result);
      this.#asked.delete(id);
    }
  }
}

/** A page of somebody who is signed in, with a memory of its own. */
export class Phone {
  private constructor(
    private readonly chromium: Chromium,
    private readonly memory: string,
    private readonly page: string,
  ) {}

  static async of(chromium: Chromium, cookies: readonly object[]): Promise<Phone> {
    const { browserContextId } = await chromium.send("Target.createBrowserContext");
    await chromium.send("Storage.setCookies", { cookies, browserContextId });
    return new Phone(chromium, browserContextId, await Phone.#open(chromium, browserContextId));
  }

  static async #open(chromium: Chromium, browserContextId: string): Promise<string> {
    const { targetId } = await chromium.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await chromium.send("Target.attachToTarget", { targetId, flatten: true });
    const set = (method: string, params?: Params) => chromium.send(method, params, sessionId);
    await set("Emulation.setDeviceMetricsOverride", { ...screen, deviceScaleFactor: 1, mobile: true });
    await set("Emulation.setTouchEmulationEnabled", { enabled: true });
    await set("Page.enable");
    await set("Page.setLifecycleEventsEnabled", { enabled: true });
    await set("Network.enable");
    return sessionId;
  }

  /** Asks the page for something by the protocol. */
  send(method: string, params?: Params): Promise<any> {
    return this.chromium.send(method, params, this.page);
  }

  on(event: string, heard: Listener): void {
    this.chromium.listen(this.page, event, heard);
  }

  /** A new page of the same phone, instead of this one. */
  async another(): Promise<Phone> {
    await this.send("Page.close");
    return new Phone(this.chromium, this.memory, await Phone.#open(this.chromium, this.memory));
  }

  /** What an expression comes to in the page, awaited; again if the page is left meanwhile. */
  async ask<T>(expression: string): Promise<T> {
    for (;;) {
      try {
        const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
        if (!exceptionDetails) return result.value as T;
      } catch {
        // The page was left.
      }
      await new Promise((over) => setTimeout(over, 20));
    }
  }

  /** When a text is first seen in the page, in ms since 1970. */
  seen(pattern: RegExp): Promise<number> {
    return this.ask(`new Promise((seen) => {
      const look = () => (${pattern}.test(document.body.innerText) ? seen(Date.now()) : requestAnimationFrame(look));
      look();
    })`);
  }

  async tap({ x, y }: { x: number; y: number }): Promise<void> {
    await this.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
    await this.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  }

  close(): Promise<void> {
    return this.chromium.send("Target.disposeBrowserContext", { browserContextId: this.memory });
  }
}
