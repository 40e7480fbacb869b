// The program, at whatever moment of the term it is needed.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const binary = resolve(process.env.MUSTER_BIN || "../bin/muster");

export class Server {
  url = "";
  adminLink = "";
  #process: ChildProcess | undefined;
  #dir = "";

  /** Runs it from a moment on, over what there is already. */
  async at(moment: number): Promise<void> {
    await this.#end();
    this.#dir ||= await mkdtemp(join(tmpdir(), "muster-effort-"));
    const listen = this.url === "" ? "127.0.0.1:0" : new URL(this.url).host;
    const child = spawn(binary, ["serve", "--data", this.#dir, "--listen", listen, "--log-level", "warn"], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, MUSTER_AHEAD: `${Math.round(moment - Date.now())}ms` },
    });
    this.#process = child;
    for await (const line of createInterface({ input: child.stdout! })) {
      const link = line.match(/http:\S+/)?.[0];
      if (!link) continue;
      const first = this.url === "";
      if (link.includes("/join/")) this.adminLink = link;
      else this.url = link;
      if (!first || this.adminLink !== "") {
        child.stdout!.resume();
        return;
      }
    }
    throw new Error(`${binary} ended before it said where it is`);
  }

  async #end(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  async stop(): Promise<void> {
    await this.#end();
    await rm(this.#dir, { recursive: true });
  }
}
