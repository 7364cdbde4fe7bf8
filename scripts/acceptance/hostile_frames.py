"""Frames that no honest client sends, inside connections that the server has authenticated.

Every message that can be reached from Request and ClientFrame in control.proto is filled at random from
the descriptor, encoded, and then mutated; framing is mutated too. Everything follows from one seed."""
import asyncio
import os
import pathlib
import random
import subprocess
import tempfile
import time

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StreamDataReceived, StreamReset
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTO = ROOT / "Sources/SeliumProtocol/Proto/control.proto"
LARGEST_FRAME = 1 << 20


def messages():
    """The message classes of control.proto by name."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "set")
        subprocess.run(["protoc", f"--proto_path={PROTO.parent}", f"--descriptor_set_out={out}",
                        PROTO.name], check=True)
        described = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in described.file:
        pool.Add(file)
    found = message_factory.GetMessageClassesForFiles([file.name for file in described.file], pool)
    return {name.rsplit(".", 1)[-1]: kind for name, kind in found.items()}


def varint(value, width=0):
    """Base 128, made longer than it need be when `width` says so."""
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        more = value or len(out) + 1 < width
        out.append(low | (0x80 if more else 0))
        if not more:
            return bytes(out)


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kinds = messages()
        # Full names: of what one body holds, and of all that was ever in a body that was mutated.
        self.seen, self.mutated = set(), set()

    def reachable(self):
        """What a client may send: all messages below Request and ClientFrame."""
        found, left = set(), [self.kinds[name].DESCRIPTOR for name in ("Request", "ClientFrame")]
        while left:
            message = left.pop()
            if message.full_name not in found:
                found.add(message.full_name)
                left += [f.message_type for f in message.fields if f.type == f.TYPE_MESSAGE]
        return found

    def number(self, bits, signed):
        r = self.random
        value = r.choice((0, 1, 2, 127, 128, 1 << 20, 1 << 31, (1 << 53) - 1, (1 << bits) - 1, r.getrandbits(bits)))
        value %= 1 << bits
        return value - (1 << bits) if signed and value >= 1 << (bits - 1) else value

    def text(self):
        r = self.random
        return r.choice((
            "", "x", "start", "../../etc/passwd", "/", "1", "a" * 300, "\u0000", "\x1b[31mred", "é\u202e",
            "NetHttpConnect", "ChannelReader", "%s%n", "'; drop table processes; --", "\U0001F4A9" * 20))

    def value(self, field, depth):
        r = self.random
        if field.type == field.TYPE_MESSAGE:
            return None
        if field.type == field.TYPE_ENUM:
            return r.choice([v.number for v in field.enum_type.values] + [99, (1 << 31) - 1, -1])
        if field.type == field.TYPE_STRING:
            return self.text()
        if field.type == field.TYPE_BYTES:
            return r.randbytes(r.choice((0, 1, 16, 31, 32, 33, 64, 65, 1000)))
        if field.type == field.TYPE_BOOL:
            return r.random() < 0.5
        if field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
            return r.choice((0.0, -1.5, float("nan"), float("inf"), 1e30))
        if field.type in (field.TYPE_UINT32, field.TYPE_FIXED32):
            return self.number(32, False)
        if field.type in (field.TYPE_INT32, field.TYPE_SINT32, field.TYPE_SFIXED32):
            return self.number(32, True)
        if field.type in (field.TYPE_UINT64, field.TYPE_FIXED64):
            return self.number(64, False)
        return self.number(64, True)

    def is_repeated(self, field):
        return getattr(field, "is_repeated", None) if hasattr(field, "is_repeated") else field.label == 3

    def fill(self, message, depth=0, share=0.5):
        r = self.random
        self.seen.add(message.DESCRIPTOR.full_name)
        for field in message.DESCRIPTOR.fields:
            if r.random() > share or depth > 5:
                continue
            for _ in range(r.choice((1, 1, 2, 20)) if self.is_repeated(field) else 1):
                if field.type == field.TYPE_MESSAGE:
                    target = getattr(message, field.name)
                    self.fill(target.add() if self.is_repeated(field) else target, depth + 1)
                    if not self.is_repeated(field):
                        target.SetInParent()
                elif self.is_repeated(field):
                    getattr(message, field.name).append(self.value(field, depth))
                else:
                    setattr(message, field.name, self.value(field, depth))
        return message

    def body(self):
        """One encoded message, sometimes of a kind that does not belong there."""
        r = self.random
        kind = r.choice(("Request",) * 6 + ("ClientFrame", "ServerFrame"))
        message = self.fill(self.kinds[kind](), share=r.choice((0.1, 0.3, 0.6)))
        if kind == "Request":
            # A oneof keeps what was set last: choose the call evenly.
            calls = [f for f in message.DESCRIPTOR.oneofs_by_name["call"].fields]
            call = r.choice(calls)
            self.fill(getattr(message, call.name), 1)
            getattr(message, call.name).SetInParent()
            if message.HasField("stop"):
                # Nothing that lives is to be stopped by chance.
                message.stop.process.id = (1 << 40) + r.getrandbits(20)
        return message.SerializeToString()

    def unknown_field(self):
        r = self.random
        number, wire = r.choice((40, 99, 1000, (1 << 29) - 1, 0)), r.choice((0, 1, 2, 3, 4, 5, 6, 7))
        rest = {0: varint(r.getrandbits(60)), 1: r.randbytes(8), 2: varint(5) + b"hello", 5: r.randbytes(4)}
        return varint(number << 3 | wire) + rest.get(wire, b"")

    def mutate(self, body):
        r = self.random
        how = r.randrange(10)
        data = bytearray(body)
        if how <= 2 and data:
            for _ in range(r.choice((1, 1, 2, 10))):
                data[r.randrange(len(data))] = r.randrange(256)
        elif how == 3 and data:
            del data[r.randrange(len(data)):]
        elif how == 4:
            data += self.unknown_field()
        elif how == 5:
            at = r.randrange(len(data) + 1)
            data[at:at] = r.randbytes(r.choice((1, 4, 40)))
        elif how == 6:
            data = data + data
        elif how == 7:
            for _ in range(r.choice((17, 200, 5000))):
                data = bytearray(b"\x52" + varint(len(data)) + data)[:60_000]
        elif how == 8:
            data = bytearray(b"\x53" * r.choice((20, 3000)))
        return bytes(data)

    def upload(self):
        """A start that asks for an upload, so that what follows it stands where a ClientFrame belongs."""
        r, request = self.random, self.kinds["Request"]()
        request.start.module.digest = r.randbytes(32)
        request.start.module_size = r.choice((8, 4096, 1 << 20))
        request.start.module_name = "hostile.wasm"
        data = request.SerializeToString()
        return varint(len(data)) + data

    def frame(self):
        """A body behind its length, or behind one that lies."""
        self.seen = set()
        r, before = self.random, b""
        if r.random() < 0.1:
            before = self.upload()
            body = self.fill(self.kinds["ClientFrame"](), share=0.9).SerializeToString()
        else:
            body = self.body()
        if r.random() < 0.9:
            body = self.mutate(body)
            self.mutated |= self.seen
        how = r.randrange(12)
        length = varint(len(body))
        if how == 0:
            length = varint(len(body), width=len(length) + 1)
        elif how == 1:
            length = varint(r.choice((LARGEST_FRAME + 1, 1 << 21, 1 << 34, (1 << 64) - 1)))
        elif how == 2:
            length = varint(len(body) + r.choice((1, 100)))
        elif how == 3:
            length = b"\xff" * r.choice((3, 10, 100))
        elif how == 4:
            length = varint(max(0, len(body) - 1))
        data = length + body
        if how == 5:
            data = data + data
        if how == 6:
            data += r.randbytes(r.choice((1, 100, 5000)))
        return before + data

    def make(self, count):
        """`count` times what is written to a stream, and whether its end follows."""
        return [(self.frame(), self.random.random() < 0.8) for _ in range(count)]


class Attacker(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # By stream: how it ends. And the streams on which anything came back.
        self.open, self.heard, self.closed = {}, set(), None

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated):
            self.closed = event
            for future in self.open.values():
                if not future.done():
                    future.set_result("closed")
        elif isinstance(event, StreamDataReceived):
            if event.data:
                self.heard.add(event.stream_id)
            if event.end_stream:
                self.finish(event.stream_id, "answered")
        elif isinstance(event, StreamReset):
            self.finish(event.stream_id, "reset")

    def finish(self, stream, how):
        future = self.open.get(stream)
        if future and not future.done():
            future.set_result(how)

    def ask(self, data, end):
        stream = self._quic.get_next_available_stream_id()
        self.open[stream] = asyncio.get_running_loop().create_future()
        self._quic.send_stream_data(stream, data, end)
        return stream

    def forget(self, stream):
        """How it ended; one that has not is reset in both directions."""
        future = self.open.pop(stream)
        if future.done():
            return future.result()
        try:
            self._quic.reset_stream(stream, 1)
            self._quic.stop_stream(stream, 1)
        except Exception:  # aioquic's own view of a stream that is over
            pass
        return None


def configuration(certs, name="client"):
    c = QuicConfiguration(is_client=True, alpn_protocols=["selium/1"], server_name="localhost")
    c.load_verify_locations(os.path.join(certs, "ca.crt"))
    c.load_cert_chain(os.path.join(certs, f"{name}.crt"), os.path.join(certs, f"{name}.key"))
    return c


class Volley:
    """One connection's share of the frames.

    Streams that were finished owe an end within `patience`: one that hears nothing is `silent`. The
    others are left open, up to `most_held`, then the oldest is reset: the server may wait for the rest of
    them, and nobody here does."""

    def __init__(self, attacker, ends, patience, most_owed=24, most_held=64):
        self.attacker, self.ends, self.patience = attacker, ends, patience
        self.most_owed, self.most_held = most_owed, most_held
        self.owed, self.held = {}, []

    def send(self, data, end):
        stream = self.attacker.ask(data, end)
        if end:
            self.owed[stream] = time.monotonic()
        else:
            self.hold(stream, "unfinished")

    def hold(self, stream, otherwise):
        self.held.append((stream, otherwise))
        if len(self.held) > self.most_held:
            self.let_go(*self.held.pop(0))

    def let_go(self, stream, otherwise):
        self.ends[self.attacker.forget(stream) or otherwise] += 1

    def settle(self):
        """Takes note of what has ended, and of what goes on: a log that is followed has no end."""
        now = time.monotonic()
        for stream, since in list(self.owed.items()):
            if self.attacker.open[stream].done():
                self.let_go(stream, None)
            elif stream in self.attacker.heard and now - since > 0.3:
                self.hold(stream, "following")
            elif now - since > self.patience:
                self.let_go(stream, "silent")
            else:
                continue
            del self.owed[stream]

    async def wait(self):
        """Until one of the owed ends is there, or it is time to look."""
        futures = [self.attacker.open[s] for s in self.owed]
        if futures:
            await asyncio.wait(futures, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(0)
        self.settle()

    async def run(self, frames, rate):
        """Sends them, `rate` a second in fours; how many, because the server may close the connection."""
        began = time.monotonic()
        for sent, (data, end) in enumerate(frames):
            if self.attacker.closed:
                break
            self.send(data, end)
            if sent % 4 == 3:
                self.attacker.transmit()
                await asyncio.sleep(max(0, began + sent / rate - time.monotonic()))
            while len(self.owed) >= self.most_owed:
                self.attacker.transmit()
                await self.wait()
        else:
            sent = len(frames)
        self.attacker.transmit()
        while self.owed:
            await self.wait()
        for held in self.held:
            self.let_go(*held)
        return sent


async def attack(port, certs, frames, rate, patience=5.0, say=lambda _: None):
    """Sends hostile frames, at most 1,000 to a connection; how their streams ended, how fast it went.

    As fast as it can this sender takes a whole processor. On a machine with two, what others then wait for
    is a processor, whatever the server does; so it has a rate, which leaves it and the server half of them."""
    sent, connections, each = 0, 0, max(1, min(1000, len(frames) // 5))
    ends = dict.fromkeys(("answered", "reset", "closed", "following", "unfinished", "silent"), 0)
    began, marks = time.monotonic(), [time.monotonic()]
    while sent < len(frames):
        connections += 1
        async with connect("127.0.0.1", port, configuration=configuration(certs),
                           create_protocol=Attacker) as attacker:
            sent += await Volley(attacker, ends, patience).run(frames[sent:sent + each], rate)
        if sent * 5 >= len(frames) * len(marks):
            marks.append(time.monotonic())
            say(f"  {sent} frames sent")
    slowest = max(after - before for before, after in zip(marks, marks[1:]))
    return {"frames": sent, "connections": connections, **ends,
            "per_second": round(sent / (time.monotonic() - began)),
            "slowest_fifth_per_second": round(sent / 5 / slowest)}
