// A slow line: a proxy that every packet takes half a round trip through, at so many
// bits a second in each direction, as all connections share a phone's line.

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export interface Profile {
  /** Milliseconds there and back. */
  roundTrip: number;
  /** Kilobits a second, each way. */
  rate: number;
  /** Round trips before a new connection can be written to: 1 for TCP, 1 more for TLS 1.3. */
  toConnect: number;
}

const packet = 1460;
const headers = 40; // of TCP and IP, for each packet

/** One direction: packets leave one after another, and arrive half a round trip later. */
class Way {
  bytes = 0;
  #free = 0;

  constructor(private readonly profile: Profile) {}

  /** When a packet that is there now, or will be at a moment, is through. */
  take(length: number, from = Date.now()): number {
    this.bytes += length;
    this.#free = Math.max(this.#free, from) + ((length + headers) * 8) / this.profile.rate;
    return this.#free + this.profile.roundTrip / 2;
  }
}

export class SlowLine {
  readonly #sockets = new Set<Socket>();
  #up: Way;
  #down: Way;

  private constructor(
    private readonly server: Server,
    readonly url: string,
    private profile: Profile,
  ) {
    this.#up = new Way(profile);
    this.#down = new Way(profile);
  }

  static async to(target: string, profile: Profile): Promise<SlowLine> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const line = new SlowLine(server, `http://muster.test:${(server.address() as AddressInfo).port}`, profile);
    server.on("connection", (near) => {
      const far = connect(Number(port), hostname);
      const connected = Date.now() + line.profile.toConnect * line.profile.roundTrip;
      line.#join(near, far, () => line.#up, connected);
      line.#join(far, near, () => line.#down);
    });
    return line;
  }

  /** Bytes that have come down, and how many went up. */
  get bytes(): { down: number; up: number } {
    return { down: this.#down.bytes, up: this.#up.bytes };
  }

  /** Begins anew: no connection is open any more, and nothing has been counted. */
  reset(profile = this.profile): void {
    for (const socket of this.#sockets) socket.destroy();
    this.profile = profile;
    this.#up = new Way(profile);
    this.#down = new Way(profile);
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise((closed) => this.server.close(closed));
  }

  #join(from: Socket, to: Socket, way: () => Way, notBefore = 0): void {
    this.#sockets.add(from);
    from.setNoDelay();
    const later = (at: number, act: () => void) => setTimeout(() => !to.destroyed && act(), at - Date.now());
    let last = 0;
    from.on("data", (data) => {
      for (let i = 0; i < data.length; i += packet) {
        const part = data.subarray(i, i + packet);
        last = way().take(part.length, Math.max(Date.now(), notBefore));
        later(last, () => to.write(part));
      }
    });
    from.on("end", () => later(Math.max(last, Date.now()) + 1, () => to.end()));
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      later(Math.max(last, Date.now()) + 2, () => to.destroy());
    });
  }
}
