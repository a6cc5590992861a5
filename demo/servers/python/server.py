# A room in which everybody hears what anybody says: a server of everwire's protocol (PROTOCOL.md), to be copied.
#     PORT=8789 ORIGINS=http://localhost:5173 python3 server.py      (Python 3.10, the package websockets from 15 on)
import asyncio, json, os, signal
from contextlib import suppress
from weakref import WeakValueDictionary

from websockets import ConnectionClosedError, ServerConnection, broadcast, serve

FRAME, EVENTS, TEXT = 1 << 20, 500, 300  # bytes; so many events of so many characters fit a frame
WINDOW, KEEP, GRACE = 64, 600, 2_000  # outcomes of a client; seconds they are remembered; ms that goaway leaves
epoch, log, head = os.urandom(8).hex(), [], 0  # of this start; the last events; the number of the last one
clients = WeakValueDictionary()  # the last connection of each client, for as long as something holds it


def apply(message):
    """Yours: what a message does, and what becomes of it; a request changes nothing and is answered by a reply."""
    global head
    match message:
        case {"type": "say", "text": str(text)} if len(text) <= TEXT:
            head += 1
            log[:] = log[1 - EVENTS :] + [{"type": "say", "text": text, "$seq": head}]
            broadcast(clients.values(), json.dumps(log[-1]))
            return {"type": "ack"}
        case {"type": "count"}:
            return {"type": "reply", "data": {"count": head}}
    return {"type": "nack", "code": "bad_message", "message": f"say at most {TEXT} characters, or count"}


def state():
    """Yours: what stands for all events so far."""
    return {"said": [event["text"] for event in log[-50:]]}


class Peer(ServerConnection):
    def tell(self, **message):
        broadcast([self], json.dumps(message))  # Waits for nobody; the library's pings end who does not read.

    def receive(self, message):
        match message:
            case [{"type": str()}, *_]:  # A batch; what is no message in it harms itself only.
                for each in [each for each in message if isinstance(each, dict)]:
                    self.receive(each)
            case {"type": "ping"}:
                self.tell(type="pong", ts=message.get("ts"))
            case {"type": "hello", "v": int(v), "client": str(name), "features": [*features]} if not self.name:
                if v > 0 and 0 < len(name) <= 128 and "ack" in features and "seq" in features:
                    self.hello(name, features)
            case {"type": str()} if not self.name:
                pass  # Before its hello a client is answered pings, and that is all.
            case {"type": "resync_request", "last_seen": int(n), "epoch": e} if e == epoch and n <= head <= n + len(log):
                self.tell(type="resync", epoch=e, to=head, kept=True, events=log[len(log) + n - head :], **{"from": n})
            case {"type": "resync_request"}:
                self.tell(type="resync", epoch=epoch, to=head, kept=False, state=state())
            case {"type": str(), "$id": str(id)}:
                outcome = self.apply_once(id, message)
                self.tell(**outcome if self.replies or "data" not in outcome else {"type": "ack"}, id=id)
            case {"type": str()} if "$id" not in message:
                apply(message)

    def hello(self, name, features):
        other = clients.get(name, self)
        self.name, self.outcomes, self.replies = name, other.outcomes, "reply" in features
        older, clients[name] = sorted([other, self], key=lambda peer: peer.opened)  # This hello may come late.
        if other is not self:
            asyncio.ensure_future(older.close(4409, "the same client connected again"))
        for event in log[len(log) + self.at - head :]:
            self.tell(**event)

    def apply_once(self, id, message):
        name, _, digits = id.rpartition(".")
        n = int(digits) if name == self.name and digits.isdecimal() and len(digits) < 16 else 0
        if n > max([WINDOW, *self.outcomes]) - WINDOW and n not in self.outcomes:
            self.outcomes[n] = apply(message)  # Nothing comes between effect and record.
            for old in sorted(self.outcomes)[:-WINDOW]:
                del self.outcomes[old]
        return self.outcomes.get(n, {"type": "nack", "code": "bad_id"})

    async def serve(self):
        self.name, self.at, self.outcomes, self.opened = None, head, {}, asyncio.get_running_loop().time()
        hello = {"type": "hello", "v": 1, "features": ["batch", "ack", "seq", "reply"], "epoch": epoch, "seq": head}
        self.tell(**hello, limits={"frame": FRAME, "inflight": WINDOW}, keep=KEEP * 1000)
        with suppress(ConnectionClosedError, json.JSONDecodeError, UnicodeError, RecursionError):
            async for text in self:
                self.receive(json.loads(text, parse_constant=str))  # What is no JSON ends the connection.
        asyncio.get_running_loop().call_later(KEEP + 60, lambda: self)  # Held until then: a hello takes time.


async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    port, origins = int(os.environ.get("PORT", 8789)), [None, *os.environ.get("ORIGINS", "").split(",")]
    async with serve(Peer.serve, "127.0.0.1", port, create_connection=Peer, origins=origins, max_size=FRAME) as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await stop.wait()
        broadcast(clients.values(), json.dumps({"type": "goaway", "retry_after": GRACE, "spread": 5000, "grace": GRACE}))
        await asyncio.sleep(GRACE / 1000)


asyncio.run(main())
