// Socket.IO, with its Redis adapter if there are several processes. It passes on what
// messages.go of the folder above says, in events of its own.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const text = { type: "string" };
const { values } = parseArgs({ options: { listen: text, redis: text, node: text } });

const http = createServer((_, response) => response.writeHead(404).end());
// The load generator does not answer pings that are messages.
const io = new Server(http, { transports: ["websocket"], serveClient: false, pingInterval: 600_000 });

if (values.redis) {
  const [pub, sub] = [1, 2].map(() => createClient({ url: `redis://${values.redis}` }));
  await Promise.all([pub.connect(), sub.connect()]);
  io.adapter(createAdapter(pub, sub));
}

let seq = Number(values.node) - 1; // the numbers of two servers are odd and even
const at = { opened: 1764040000000, closed: 0 };
io.on("connection", (socket) => {
  const room = `room:${socket.handshake.auth.room}`;
  socket.join(room);
  socket.emit("m", { t: "snapshot", audience: "student", session: 1, seq: 0 });
  socket.on("check_in", () => {
    const n = (seq += 2);
    io.to(room).emit("m", { t: "delta", from: n, to: n, status: "open", ...at, counts: [n, 0, 0, 0, 300] });
    socket.emit("m", { t: "ack", id: "bench", from: n, to: n, mark: "present", at: at.opened, source: "code" });
  });
});

const [host, port] = values.listen.split(":");
http.listen(Number(port), host);
