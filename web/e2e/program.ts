// The program as an operator runs it: a process of its own over a fresh directory.

import { spawn, type ChildProcess } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const binary = resolve(process.env.MUSTER_BIN || "../bin/muster");

function serve(dir: string, address: string): ChildProcess {
  const args = ["serve", "--data", dir, "--listen", address, "--log-level", "warn"];
  return spawn(binary, args, { stdio: ["ignore", "pipe", "inherit"] });
}

/**
 * A port below those that systems give out by themselves, so that no other connection takes
 * it while the program is down. Nor does another test that looks for one: whoever finds a
 * port holds its namesake of UDP for as long as they live, as rig.FreePorts does.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 10_000);
    const mark = createSocket("udp4").unref();
    const ours = await new Promise<boolean>((tell) => {
      mark.once("error", () => tell(false));
      mark.bind({ port, address: "127.0.0.1", exclusive: true }, () => tell(true));
    });
    if (!ours) continue;
    const server = createServer();
    const free = await new Promise<boolean>((tell) => {
      server.once("error", () => tell(false));
      server.listen(port, "127.0.0.1", () => server.close(() => tell(true)));
    });
    if (free) return port;
    mark.close();
  }
}

/** Waits until the program has printed so many links, and returns them. */
async function links(process: ChildProcess, n: number): Promise<string[]> {
  const found: string[] = [];
  for await (const line of createInterface({ input: process.stdout! })) {
    found.push(...(line.match(/http:\S+/) ?? []));
    if (found.length === n) {
      process.stdout!.resume();
      return found;
    }
  }
  throw new Error(`${binary} ended before it said where it is`);
}

export class Program {
  private turns: NodeJS.Timeout | undefined;

  private constructor(
    private process: ChildProcess,
    private readonly dir: string,
    /** Where it is, such as http://127.0.0.1:41234. */
    readonly url: string,
    /** The link that the first administrator opens. */
    readonly adminLink: string,
  ) {}

  static async start(): Promise<Program> {
    const dir = await mkdtemp(join(tmpdir(), "muster-e2e-"));
    const process = serve(dir, `127.0.0.1:${await freePort()}`);
    const [url, adminLink] = await links(process, 2);
    return new Program(process, dir, url!, adminLink!);
  }

  /** Lets the program run a tenth of the time only, so that its work can be watched. */
  slowDown(): void {
    this.turns = setInterval(() => {
      this.process.kill("SIGCONT");
      setTimeout(() => this.turns && this.process.kill("SIGSTOP"), 15);
    }, 150);
  }

  speedUp(): void {
    clearInterval(this.turns);
    this.turns = undefined;
    this.process.kill("SIGCONT");
  }

  /** Ends the program as a power cut would. */
  async kill(): Promise<void> {
    this.speedUp();
    const ended = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await ended;
  }

  /** Starts it again, at the same address and over the same data. */
  async restart(): Promise<void> {
    this.process = serve(this.dir, new URL(this.url).host);
    await links(this.process, 1);
  }

  /** Runs `muster import` for a list of people in one course. */
  async import(course: string, csv: string): Promise<void> {
    const file = join(this.dir, `${course}.csv`);
    await writeFile(file, csv);
    const run = spawn(binary, ["import", file, "--data", this.dir, "--course", course, "--apply"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [code] = (await once(run, "exit")) as [number];
    if (code !== 0) throw new Error(`muster import ended with code ${code}`);
  }

  async stop(): Promise<void> {
    this.speedUp();
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    const [code] = (await ended) as [number];
    await rm(this.dir, { recursive: true });
    if (code !== 0) throw new Error(`muster serve ended with code ${code}`);
  }
}
