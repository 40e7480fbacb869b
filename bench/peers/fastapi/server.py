"""FastAPI on uvicorn, with Redis Pub/Sub if there are several processes. It speaks as
much of muster.v1 as is measured (messages.go of the folder above)."""

import argparse
import asyncio
from collections import defaultdict

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from redis import asyncio as redis

options = argparse.ArgumentParser()
options.add_argument("--listen")
options.add_argument("--redis")
options.add_argument("--node", type=int)
options = options.parse_args()
link = redis.from_url("redis://" + options.redis) if options.redis else None

app = FastAPI()
rooms: defaultdict[str, set[WebSocket]] = defaultdict(set)
seq = options.node - 1  # the numbers of two servers are odd and even


async def tell(room: str, text: str) -> None:
    for client in list(rooms[room]):
        try:
            await client.send_text(text)
        except (RuntimeError, WebSocketDisconnect):
            rooms[room].discard(client)


@app.on_event("startup")
async def listen() -> None:
    async def pass_on() -> None:
        async with link.pubsub() as sub:
            await sub.psubscribe("room:*")
            async for message in sub.listen():
                if message["type"] == "pmessage":
                    await tell(message["channel"].decode(), message["data"].decode())

    if link:
        app.state.task = asyncio.create_task(pass_on())


@app.websocket("/api/v1/sessions/{session}/live")
async def live(ws: WebSocket, session: str) -> None:
    global seq
    await ws.accept(subprotocol="muster.v1")
    room = f"room:{session}"
    try:
        await ws.send_text('{"t":"snapshot","audience":"student","session":1,"seq":0}')
        rooms[room].add(ws)
        while True:
            await ws.receive_text()
            seq += 2
            n = seq
            delta = f'{{"t":"delta","from":{n},"to":{n},"status":"open","opened":1764040000000,"closed":0,"counts":[{n},0,0,0,300]}}'
            if link:
                await link.publish(room, delta)
            else:
                await tell(room, delta)
            await ws.send_text(f'{{"t":"ack","id":"bench","from":{n},"to":{n},"mark":"present","at":1764040000000,"source":"code"}}')
    except WebSocketDisconnect:
        rooms[room].discard(ws)


host, port = options.listen.split(":")
uvicorn.run(app, host=host, port=int(port), loop="uvloop", ws="websockets", log_level="warning")
