#!/usr/bin/env python3
"""The aioquic side of the QUIC table, and a foreign end for `selium-bench serve-quic`.

    quic_aioquic.py serve     --certs DIR --seconds N      prints "Listening on 127.0.0.1:PORT"
    quic_aioquic.py handshake --certs DIR --port P --count N
    quic_aioquic.py echo      --certs DIR --port P --count N --in-flight N --bytes N
    quic_aioquic.py download  --certs DIR --port P --size N

The protocol is the one of `selium-bench serve-quic` (ALPN selium-bench/1). The first byte of a stream
says what is wanted: E = everything after it comes back; D = 8 bytes big-endian follow, and so many bytes
come; U = everything after it is counted, and the count comes back as 8 bytes after the end. Each client
command prints one JSON object. aioquic's server asks for no client certificate here.
"""
import argparse
import asyncio
import json
import os
import ssl
import sys
import time

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import StreamDataReceived

ALPN = "selium-bench/1"
LARGEST = 1 << 34
PIECE = bytes(256 * 1024)


class EchoEnd(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.streams = {}

    def quic_event_received(self, event):
        if not isinstance(event, StreamDataReceived):
            return
        state = self.streams.setdefault(event.stream_id, {"kind": b"", "head": b"", "count": 0})
        data = event.data
        if not state["kind"] and data:
            state["kind"], data = data[:1], data[1:]
        if state["kind"] == b"E":
            self._quic.send_stream_data(event.stream_id, data, event.end_stream)
        elif state["kind"] == b"U":
            state["count"] += len(data)
            if event.end_stream:
                self._quic.send_stream_data(event.stream_id, state["count"].to_bytes(8, "big"), True)
        elif state["kind"] == b"D" and len(state["head"]) < 8:
            state["head"] += data[: 8 - len(state["head"])]
            if len(state["head"]) == 8:
                size = min(int.from_bytes(state["head"], "big"), LARGEST)
                asyncio.ensure_future(self.pour(event.stream_id, size))
        if event.end_stream:
            self.streams.pop(event.stream_id, None)

    async def pour(self, stream, size):
        # aioquic's send buffer is unbounded: keep it short by hand.
        while size > 0:
            sender = self._quic._streams[stream].sender
            if sender._buffer_stop - sender._buffer_start < 4 * len(PIECE):
                piece = PIECE[: min(size, len(PIECE))]
                size -= len(piece)
                self._quic.send_stream_data(stream, piece, size == 0)
                self.transmit()
            await asyncio.sleep(0)
        self.transmit()


class Asker(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.waiting = {}

    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived) and event.stream_id in self.waiting:
            entry = self.waiting[event.stream_id]
            entry[0] += len(event.data)
            if event.end_stream:
                del self.waiting[event.stream_id]
                entry[1].set_result(entry[0])

    def ask(self, data):
        stream = self._quic.get_next_available_stream_id()
        future = asyncio.get_running_loop().create_future()
        self.waiting[stream] = [0, future]
        self._quic.send_stream_data(stream, data, True)
        self.transmit()
        return future


def client_configuration(options):
    configuration = QuicConfiguration(is_client=True, alpn_protocols=[ALPN], server_name="localhost")
    configuration.load_verify_locations(os.path.join(options.certs, "ca.crt"))
    configuration.load_cert_chain(
        os.path.join(options.certs, "client.crt"), os.path.join(options.certs, "client.key"))
    configuration.max_data = configuration.max_stream_data = 16 << 20
    return configuration


def open_connection(options):
    return connect("127.0.0.1", options.port, configuration=client_configuration(options),
                   create_protocol=Asker)


def summary(samples, **more):
    samples.sort()
    print(json.dumps({
        "count": len(samples), "p50_us": round(samples[len(samples) // 2] * 1e6, 2),
        "p99_us": round(samples[len(samples) - 1 - len(samples) // 100] * 1e6, 2),
        "min_us": round(samples[0] * 1e6, 2), **more}))


async def run_handshakes(options):
    samples = []
    for _ in range(options.count):
        start = time.perf_counter()
        async with open_connection(options):
            samples.append(time.perf_counter() - start)
    summary(samples)


async def run_echo(options):
    body, samples, left = b"E" + bytes(options.bytes), [], [options.count]
    async with open_connection(options) as connection:
        async def lane():
            while left[0] > 0:
                left[0] -= 1
                start = time.perf_counter()
                if await asyncio.wait_for(connection.ask(body), 10) != options.bytes:
                    sys.exit("an answer of the wrong length")
                samples.append(time.perf_counter() - start)
        start = time.perf_counter()
        await asyncio.gather(*(lane() for _ in range(options.in_flight)))
        elapsed = time.perf_counter() - start
    summary(samples, in_flight=options.in_flight, per_second=round(len(samples) / elapsed))


async def run_download(options):
    async with open_connection(options) as connection:
        start = time.perf_counter()
        got = await asyncio.wait_for(connection.ask(b"D" + options.size.to_bytes(8, "big")), 600)
        elapsed = time.perf_counter() - start
    if got != options.size:
        sys.exit(f"{got} of {options.size} bytes")
    print(json.dumps({"bytes": got, "seconds": elapsed, "mb_per_second": round(got / elapsed / 1e6, 1)}))


async def run_serve(options):
    configuration = QuicConfiguration(is_client=False, alpn_protocols=[ALPN])
    configuration.verify_mode = ssl.CERT_NONE
    configuration.load_cert_chain(
        os.path.join(options.certs, "server.crt"), os.path.join(options.certs, "server.key"))
    server = await serve("127.0.0.1", 0, configuration=configuration, create_protocol=EchoEnd)
    port = server._transport.get_extra_info("sockname")[1]
    print(f"Listening on 127.0.0.1:{port}", flush=True)
    await asyncio.sleep(options.seconds)
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("command", choices=["serve", "handshake", "echo", "download"])
    parser.add_argument("--certs", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--bytes", type=int, default=64)
    parser.add_argument("--size", type=int, default=100_000_000)
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    run = {"serve": run_serve, "handshake": run_handshakes, "echo": run_echo, "download": run_download}
    asyncio.run(run[options.command](options))


if __name__ == "__main__":
    main()
