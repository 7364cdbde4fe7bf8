"""Datagrams that nobody should have to receive, for the loopback address only.

At least half of them are Initial packets protected with the right keys (RFC 9001 §5.2: the keys follow
from the destination connection ID, so anybody can do it), around real ClientHello messages whose frames
are then mutated, split, reordered and mixed with others. The rest are short headers on connection IDs
that live, forged Retry and version negotiation packets, look-alikes of stateless resets, foreign
versions, replays of genuine datagrams, and noise. Everything follows from one seed."""
import random
import socket
import time

from aioquic import tls
from aioquic.buffer import Buffer
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicTransportParameters, push_quic_transport_parameters

VERSION = 1
SMALLEST_INITIAL = 1200
# Stands for the client's own connection ID in a hello: a hello whose transport parameters name another
# ID than its packet is refused at once and never half-open (RFC 9000 §7.3).
OWN_ID = b"\xa5client\x5a"


def varint(value):
    for bits, prefix, size in ((6, 0, 1), (14, 1, 2), (30, 2, 4), (62, 3, 8)):
        if value < 1 << bits:
            return (value | prefix << (8 * size - 2)).to_bytes(size, "big")
    raise ValueError(value)


def client_hello():
    """A real one, as a client of the control protocol would send it."""
    context = tls.Context(is_client=True, alpn_protocols=["selium/1"])
    context.server_name = "localhost"
    parameters = Buffer(capacity=512)
    push_quic_transport_parameters(parameters, QuicTransportParameters(
        initial_max_data=1 << 20, initial_max_stream_data_bidi_local=1 << 18,
        initial_max_streams_bidi=16, initial_source_connection_id=OWN_ID))
    context.handshake_extensions = [(tls.ExtensionType.QUIC_TRANSPORT_PARAMETERS, parameters.data)]
    buffers = {epoch: Buffer(capacity=8192) for epoch in
               (tls.Epoch.INITIAL, tls.Epoch.HANDSHAKE, tls.Epoch.ONE_RTT)}
    context.handle_message(b"", buffers)
    return buffers[tls.Epoch.INITIAL].data


class Generator:
    def __init__(self, seed, live_ids=(), genuine=()):
        self.random = random.Random(seed)
        self.hellos = [client_hello() for _ in range(48)]
        self.live_ids = list(live_ids)
        self.genuine = list(genuine)
        self.made = []
        self.counts = {}

    # ---- frames -------------------------------------------------------------------------------

    def crypto(self, offset, data, length=None):
        return b"\x06" + varint(offset) + varint(len(data) if length is None else length) + data

    def split(self, hello):
        """The message in pieces, perhaps reordered, doubled, overlapping or with a hole."""
        r, pieces, at = self.random, [], 0
        while at < len(hello):
            size = r.choice((1, 7, 50, 200, len(hello)))
            pieces.append((at, hello[at:at + size]))
            at += size
        pieces = pieces[:60]
        how = r.randrange(5)
        if how == 0:
            r.shuffle(pieces)
        elif how == 1:
            pieces += r.choices(pieces, k=3)
        elif how == 2 and len(pieces) > 1:
            pieces.pop(r.randrange(len(pieces)))
        elif how == 3:
            offset, data = r.choice(pieces)
            pieces.append((offset, bytes(b ^ 0xFF for b in data)))
        return b"".join(self.crypto(offset, data) for offset, data in pieces)

    def flipped(self, data, most=8):
        data = bytearray(data)
        for _ in range(self.random.randint(1, most)):
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
        return bytes(data)

    def ack(self):
        r = self.random
        largest = r.choice((0, 1, 5, 1000, (1 << 32) - 1, (1 << 62) - 1))
        count = r.choice((0, 1, 2, 40, 200, (1 << 30)))
        body = b"\x02" + varint(largest) + varint(r.randrange(1 << 14)) + varint(count)
        body += varint(r.choice((0, largest, largest // 2)))
        for _ in range(min(count, 200)):
            body += varint(r.randrange(64)) + varint(r.randrange(64))
        return body

    def forbidden(self):
        """Frames that an Initial must not hold (RFC 9000 §12.4), and types that do not exist."""
        r = self.random
        return r.choice((
            b"\x08\x00stream data", b"\x0f\x00\x00\x04abcd", b"\x10" + varint((1 << 62) - 1),
            b"\x11\x00\x40\x40", b"\x12\x10", b"\x04\x00\x00\x00", b"\x05\x00\x00", b"\x1e",
            b"\x18\x00\x00\x08" + r.randbytes(24), b"\x19\x00", b"\x07\x04abcd",
            b"\x1a" + r.randbytes(8), b"\x1b" + r.randbytes(8), b"\x1d\x00\x00",
            varint(r.randrange(0x1F, 1 << 20)) + r.randbytes(r.randrange(20)), b"\x40\x06\x00\x01a"))

    def payload(self, source):
        r, hello = self.random, self.random.choice(self.hellos)
        if len(source) == len(OWN_ID):
            hello = hello.replace(OWN_ID, source)
        kind = r.randrange(14)
        if kind == 0:
            return self.crypto(0, hello)
        if kind == 1:
            return self.split(hello)
        if kind == 2:
            return self.crypto(0, self.flipped(hello))
        if kind == 3:
            return self.split(self.flipped(hello, 2))
        if kind == 4:
            return self.ack() + self.crypto(0, hello[: r.randrange(1, len(hello))])
        if kind == 5:
            return self.ack()
        if kind == 6:
            return self.crypto(r.choice((1, 4096, 65536, (1 << 30), (1 << 62) - 2)), hello[:300])
        if kind == 7:
            return self.crypto(0, hello[:100], length=r.choice((0, 99, 5000, (1 << 62) - 1)))
        if kind == 8:
            return self.forbidden() + self.crypto(0, hello)
        if kind == 9:
            return self.crypto(0, hello[:200]) + self.forbidden()
        if kind == 10:
            return r.randbytes(r.randrange(1, 1100))
        if kind == 11:
            return bytes(r.randrange(1, 1100)) + r.choice((b"", b"\x01" * 40, b"\x06"))
        if kind == 12:
            code = r.choice((b"\x1c\x00\x00\x00", b"\x1c\x41\x00\x06\x20" + b"x" * 32))
            return r.choice((b"", self.crypto(0, hello))) + code
        # Only the start of a message that claims to be huge.
        return self.crypto(0, b"\x01\xff\xff\xff" + r.randbytes(600))

    # ---- packets ------------------------------------------------------------------------------

    def initial(self, keys, destination, source, number, token=None):
        r = self.random
        payload = self.payload(source)[:1150]
        if token is None:
            token = b"" if r.random() < 0.8 else r.randbytes(r.choice((1, 16, 57, 100)))
        head = bytes([0xC1 | (0x0C if r.random() < 0.03 else 0)]) + VERSION.to_bytes(4, "big")
        head += bytes([len(destination)]) + destination + bytes([len(source)]) + source
        head += varint(len(token)) + token
        padded = r.random() < 0.93
        room = SMALLEST_INITIAL - len(head) - 2 - 2 - 16
        if padded and len(payload) < room:
            payload += bytes(room - len(payload))
        payload = payload[: max(4, 1452 - len(head) - 20)].ljust(4, b"\x00")
        length = 2 + len(payload) + 16
        head += (length | 0x4000).to_bytes(2, "big") + (number & 0xFFFF).to_bytes(2, "big")
        return keys.encrypt_packet(head, payload, number)

    def keys(self, destination):
        keys = CryptoPair()
        keys.setup_initial(cid=destination, is_client=True, version=VERSION)
        return keys

    def initials(self):
        """One to four on one connection ID, because state that grows is the interesting kind."""
        r = self.random
        destination = r.randbytes(r.choice((8, 8, 8, 12, 20)))
        source = r.randbytes(r.choice((8, 8, 8, 8, 0, 4, 20)))
        keys = self.keys(destination)
        packets = [self.initial(keys, destination, source, number)
                   for number in range(r.choice((1, 1, 2, 4)))]
        if r.random() < 0.05:
            packets = [packets[0] + r.randbytes(r.randrange(1, 60))]
        if r.random() < 0.05:
            r.shuffle(packets)
        return packets

    def after_retry(self, answer):
        """The next Initials of one that was answered with Retry: with the token that opens the door."""
        own = answer[6:6 + answer[5]]
        at = 6 + len(own)
        destination = answer[at + 1:at + 1 + answer[at]]
        token = answer[at + 1 + len(destination):-16]
        keys = self.keys(destination)
        return [self.initial(keys, destination, own, 1 + number, token)
                for number in range(self.random.choice((1, 2, 4)))]

    def short_header(self):
        r = self.random
        identifier = r.choice(self.live_ids) if self.live_ids else r.randbytes(8)
        return bytes([0x40 | r.randrange(64)]) + identifier + r.randbytes(r.choice((0, 1, 4, 20, 21, 40, 1000)))

    def long_header(self, first, version, rest):
        r = self.random
        identifier = r.choice(self.live_ids) if self.live_ids and r.random() < 0.5 else r.randbytes(8)
        source = r.randbytes(r.choice((0, 8, 20)))
        return (bytes([first]) + version.to_bytes(4, "big") + bytes([len(identifier)]) + identifier
                + bytes([len(source)]) + source + rest)

    def other(self):
        r = self.random
        kind = r.randrange(9)
        if kind <= 2:
            return self.short_header()
        if kind == 3:
            return self.long_header(0xF0, VERSION, r.randbytes(r.choice((0, 16, 60, 200))))
        if kind == 4:
            return self.long_header(0x80 | r.randrange(128), 0, VERSION.to_bytes(4, "big") * r.randrange(4))
        if kind == 5:
            return bytes([0x40 | r.randrange(64)]) + r.randbytes(r.choice((20, 21, 38, 41)))
        if kind == 6:
            version = r.choice((0x6B3343CF, 0xFF00001D, 0x0A1A2A3A, r.randrange(1, 1 << 32)))
            return self.long_header(0xC0, version, r.randbytes(r.choice((20, 1180))))
        if kind == 7:
            source = self.genuine if self.genuine and r.random() < 0.5 else self.made
            return r.choice(source) if source else r.randbytes(100)
        return r.choice((
            b"", b"\x00", r.randbytes(r.randrange(1, 1400)),
            self.long_header(0xC0, VERSION, b"\xff" * 9), self.long_header(0xE0, VERSION, varint(40) + r.randbytes(40)),
            b"\xc0\x00\x00\x00\x01\xff" + r.randbytes(30), b"\xc3\x00\x00\x00\x01\x15" + r.randbytes(60)))

    def make(self, count):
        """`count` datagrams, at least half of them Initials with the right keys."""
        r, out, right = self.random, [], 0
        while len(out) < count:
            if right * 2 <= len(out) or r.random() < 0.5:
                packets = self.initials()[: count - len(out)]
                right += len(packets)
                out += packets
                self.made += packets[:1] if len(self.made) < 2000 else []
            else:
                out.append(self.other())
        self.counts = {"datagrams": len(out), "initials_with_right_keys": right}
        return out


def kind(answer):
    """What an answer is, and for packets of a handshake the connection ID that its sender chose."""
    if len(answer) < 7 or not answer[0] & 0x80:
        return "short", None
    if answer[1:5] == bytes(4):
        return "version negotiation", None
    size = answer[5]
    source = answer[7 + size:7 + size + answer[6 + size]] if len(answer) > 6 + size else b""
    return ("initial", "0-RTT", "handshake", "retry")[answer[0] >> 4 & 3], source


def dropped(port):
    """Datagrams that the kernel threw away because the socket bound to `port` was full."""
    found = 0
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        for line in open(table).read().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rsplit(":", 1)[1], 16) == port:
                found += int(fields[-1])
    return found


def receive_buffer_errors():
    """The same of all sockets of this network namespace."""
    names, values = [line.split() for line in open("/proc/net/snmp") if line.startswith("Udp:")]
    return int(values[names.index("RcvbufErrors")])


def send(generator, datagrams, port, ports=1024, rate=10_000, follow=0.008, say=lambda _: None):
    """Sends them from `ports` sockets, half of them on other loopback addresses; what came back, and
    what never left or never arrived.

    A server under load answers Initials with Retry and opens none of them, so one Retry every `follow`
    seconds is honoured: that many hostile hellos are opened, and not more half-open connections held
    than the server has room for."""
    sockets = []
    for index in range(ports):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind(("127.0.0.1" if index % 2 else f"127.1.{index // 512}.{1 + index // 2 % 250}", 0))
        s.connect(("127.0.0.1", port))
        s.setblocking(False)
        sockets.append(s)
    lost, errors = dropped(port), receive_buffer_errors()
    started, refused, followed, extra = time.monotonic(), 0, [], 0
    tally = Tally()
    for number, datagram in enumerate(datagrams):
        try:
            # A burst of four from one port: packets of one connection ID belong together.
            sockets[number // 4 % ports].send(datagram)
        except (BlockingIOError, ConnectionRefusedError):
            refused += 1
        if number % 20 == 19:
            if (time.monotonic() - started) / follow > len(followed):
                # One that was written to a moment ago.
                s = sockets[(number // 4 - 40) % ports]
                answer = tally.take(s)
                if answer and kind(answer)[0] == "retry":
                    followed.append(s)
                    for packet in generator.after_retry(answer):
                        s.send(packet)
                        extra += len(packet)
            ahead = started + number / rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        if number % 20_000 == 19_999:
            say(f"  {number + 1} datagrams sent")
    elapsed = time.monotonic() - started
    time.sleep(0.5)
    lost, errors = dropped(port) - lost, receive_buffer_errors() - errors
    for s in sockets:
        while tally.take(s):
            pass
        s.close()
    return {"seconds": round(elapsed, 1), "bytes": sum(map(len, datagrams)) + extra, "ports": ports,
            "refused": refused, "dropped": lost, "receive_buffer_errors": errors,
            "answers": tally.kinds, "answer_bytes": tally.bytes, "opened": len(tally.opened),
            "followed": len(followed)}


class Tally:
    """The answers, by kind; and the connections that had an Initial opened."""

    def __init__(self):
        self.kinds, self.opened, self.bytes = {}, set(), 0

    def take(self, s):
        """The next answer that waits at a socket, or None."""
        try:
            answer = s.recv(2048)
        except (BlockingIOError, ConnectionRefusedError):
            return None
        self.bytes += len(answer)
        what, source = kind(answer)
        self.kinds[what] = self.kinds.get(what, 0) + 1
        if what in ("initial", "handshake"):
            self.opened.add((s.fileno(), source))
        return answer
