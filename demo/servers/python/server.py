"""A room in which everybody hears what anybody says: a server of everwire's protocol (PROTOCOL.md), to be copied.
    PORT=8789 ORIGINS=http://localhost:5173 python3 server.py        (Python 3.9, the package websockets from 13 on)"""
import asyncio, json, os, re, secrets, signal, time
from contextlib import suppress
from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

FRAME, UNREAD, TEXT, EVENTS = 1 << 20, 4 << 20, 300, 500  # bytes: of a frame, unread; EVENTS of TEXT fit a frame
WINDOW, CLIENTS, KEEP, HELLO_WAIT, GRACE = 64, 10_000, 600, 2, 2  # WINDOW outcomes a client; times in seconds
epoch, log, head = secrets.token_hex(8), [], 0  # of this start; the last events, numbered; the last one's number
clients, peers = {}, set()  # remembered, by the `client` of hello; connections

def apply(message):
    """Yours: what a message does, and what becomes of it."""
    global head
    text = message.get("text")
    if message["type"] != "say" or not isinstance(text, str) or len(text) > TEXT:
        return {"type": "nack", "code": "bad_message", "message": f"at most {TEXT} characters, and only say"}
    head += 1
    log[:] = log[1 - EVENTS:] + [{"type": "say", "text": text, "$seq": head}]
    for peer in peers:
        peer.catch_up()
    return {"type": "ack"}

def state():
    """Yours: what stands for all events so far."""
    return {"said": [event["text"] for event in log[-50:]]}

class Client:
    def __init__(self, name):
        self.name, self.highest, self.outcomes, self.peer, self.seen = name, 0, {}, None, 0

    def apply_once(self, id, message):
        n = int(id[len(self.name) + 1:]) if re.fullmatch(re.escape(self.name) + r"\.[1-9][0-9]{0,15}", id) else 0
        if not 0 < n < 2**53 or n <= self.highest - WINDOW:
            return {"type": "nack", "code": "forgotten" if n else "bad_id"}
        if n not in self.outcomes:
            self.outcomes[n] = apply(message)  # Nothing comes between effect and record.
        self.highest = max(self.highest, n)
        self.outcomes = {known: self.outcomes[known] for known in self.outcomes if known > self.highest - WINDOW}
        return self.outcomes[n]

class Peer:
    def __init__(self, socket):  # `at` is the last number it was told
        self.socket, self.at, self.client, self.waiting, self.ack, self.seq = socket, head, None, True, False, False

    def tell(self, **message):
        broadcast([self.socket], json.dumps(message))  # It does not wait: nothing comes between two of them.
        if self.socket.transport.get_write_buffer_size() > UNREAD:
            self.socket.transport.abort()  # It does not read.

    def close(self, code, reason):
        asyncio.ensure_future(self.socket.close(code, reason))

    def catch_up(self, is_patient=True):
        self.waiting = self.waiting and is_patient
        for event in [] if self.waiting else log:  # A numbered event must not go out plain.
            if event["$seq"] > self.at:
                self.tell(**event if self.seq else {"type": event["type"], "text": event["text"]})
        self.at = self.at if self.waiting else head

    def receive(self, message):
        kind, id = message["type"], message.get("$id")
        if kind == "ping":
            self.tell(type="pong", ts=message.get("ts"))
        elif kind == "hello":
            self.client or self.hello(message.get("v"), message.get("client"), message.get("features"))
        elif kind == "resync_request":
            self.seq and self.resync(message.get("last_seen"), message.get("epoch"))
        elif "$id" not in message:
            apply(message)
        elif self.ack and isinstance(id, str) and len(id) <= 128:
            self.tell(**self.client.apply_once(id, message), id=id)

    def hello(self, v, name, features):
        if not isinstance(v, int) or v < 1 or not isinstance(name, str) or not re.fullmatch(r"[\w-]{1,64}", name, re.A):
            return self.close(4400, "a hello needs v and client")
        for old in [each for each in clients.values() if not each.peer and each.seen < time.monotonic() - KEEP]:
            del clients[old.name]
        if len(clients) >= CLIENTS and name not in clients:
            return self.close(1013, "too many clients")
        self.client = clients.setdefault(name, Client(name))
        if self.client.peer:
            self.client.peer.close(4409, "the same client connected again")
        late, self.waiting, self.client.peer = not self.waiting, False, self
        self.ack, self.seq = [isinstance(features, list) and feature in features for feature in ("ack", "seq")]
        if late and self.seq:  # It was told events without their numbers: the state stands for them.
            self.resync(None, None)
        self.catch_up()

    def resync(self, last, of):
        kept = of == epoch and type(last) is int and head - len(log) <= last <= head
        answer = {"from": last, "events": log[len(log) - (head - last):]} if kept else {"from": None, "state": state()}
        self.tell(type="resync", epoch=epoch, to=head, kept=kept, **{"events": [], **answer})

def messages(text):
    frame = json.loads(text, parse_constant=lambda name: None)
    frame = frame if isinstance(frame, list) else [frame]
    fits = [isinstance(each, dict) and isinstance(each.get("type"), str) for each in frame]
    return [each for each, is_one in zip(frame, fits) if is_one and fits[0] and len(frame) <= 1000]

async def connection(socket):
    peer = Peer(socket)
    peers.add(peer)
    peer.tell(type="hello", v=1, features=["batch", "ack", "seq"], epoch=epoch, seq=head, keep=KEEP * 1000,
              limits={"frame": FRAME, "inflight": WINDOW})
    asyncio.get_running_loop().call_later(HELLO_WAIT, peer.catch_up, False)
    with suppress(ConnectionClosed):
        async for text in socket:
            with suppress(ValueError, RecursionError):  # No JSON, or nested too deeply.
                for message in messages(text):
                    peer.receive(message)
    peers.discard(peer)
    if peer.client and peer.client.peer is peer:
        peer.client.peer, peer.client.seen = None, time.monotonic()

async def main():
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    origins = [None, *os.environ.get("ORIGINS", "").split(",")]  # No page of another site speaks for its visitor.
    port = int(os.environ.get("PORT", "8789"))
    async with serve(connection, "127.0.0.1", port, max_size=FRAME, origins=origins) as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await stopping.wait()
        for peer in peers:
            peer.client and peer.tell(type="goaway", retry_after=GRACE * 1000, spread=5000, grace=GRACE * 1000)
        await asyncio.sleep(GRACE)

asyncio.run(main())
