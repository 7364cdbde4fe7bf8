"""Starts, attaches to and stops processes on a Selium server, from control.proto alone.

Usage: client.py HOST:PORT CERT_DIR start FILE [ARG...] | attach ID | stop ID
`control_pb2` is what `protoc --python_out` makes of control.proto.
"""
import asyncio, hashlib, os, struct, sys
from aioquic.asyncio import connect
from aioquic.quic.configuration import QuicConfiguration
import control_pb2 as pb


def varint(number):
    return bytes([number & 127 | 128]) + varint(number >> 7) if number > 127 else bytes([number])


async def read_varint(reader):
    number = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        number |= (byte & 127) << shift
        if byte < 128:
            return number
        shift += 7


def send(writer, message):
    data = message.SerializeToString()
    writer.write(varint(len(data)) + data)


async def receive(reader):
    return pb.ServerFrame.FromString(await reader.readexactly(await read_varint(reader)))


def show(log):
    while log:
        size = next(i for i, byte in enumerate(log) if byte < 128) + 1
        length = sum((byte & 127) << 7 * i for i, byte in enumerate(log[:size]))
        chunk, log = log[size:size + length], log[size + length:]
        stream = struct.unpack_from("<QIBBqQ", chunk)[2]
        if stream in (pb.STDOUT, pb.STDERR):
            output = sys.stdout if stream == pb.STDOUT else sys.stderr
            output.buffer.write(chunk[30:])
            output.flush()


async def call(client, request, module=b""):
    reader, writer = await client.create_stream()
    send(writer, request)
    while True:
        frame = await receive(reader)
        kind = frame.WhichOneof("frame")
        if kind == "upload":
            for offset in range(frame.upload.offset, len(module), 65536):
                send(writer, pb.ClientFrame(upload=module[offset:offset + 65536]))
        elif kind == "started":
            print(f"Started process (id={frame.started.id})", file=sys.stderr)
        elif kind == "log":
            show(frame.log)
        elif kind == "error":
            sys.exit(f"error: {pb.Code.Name(frame.error.code)}: {frame.error.message}")
        elif kind == "result":
            return frame.result


async def main(address, certificates, verb, target, *argv):
    host, port = address.rsplit(":", 1)
    configuration = QuicConfiguration(is_client=True, alpn_protocols=["selium/1"])
    configuration.load_verify_locations(f"{certificates}/ca.crt")
    configuration.load_cert_chain(f"{certificates}/client.crt", f"{certificates}/client.key")
    request, module = pb.Request(request_id=os.urandom(8), idempotency_key=os.urandom(16)), b""
    if verb == "start":
        module = open(target, "rb").read()
        reference = pb.ModuleRef(digest=hashlib.sha256(module).digest())
        request.start.CopyFrom(pb.Start(
            module=reference, module_size=len(module), module_name=os.path.basename(target),
            argv=argv, attach=pb.LogRequest(**{"from": 0})))
    elif verb == "attach":
        request.ClearField("idempotency_key")
        request.attach.CopyFrom(pb.Attach(
            process=pb.ProcessRef(id=int(target)), log=pb.LogRequest(**{"from": 0})))
    else:
        request.stop.CopyFrom(pb.Stop(process=pb.ProcessRef(id=int(target))))
    async with connect(host.strip("[]"), int(port), configuration=configuration) as client:
        result = await call(client, request, module)
    record = result.stopped.exit if verb == "stop" else result.ended.exit
    outcome = record.WhichOneof("outcome")
    print(f"{outcome}: {getattr(record, outcome)}".strip().replace("\n", " "), file=sys.stderr)
    sys.exit(record.exit.code if outcome == "exit" and verb != "stop" else 0)


asyncio.run(main(*sys.argv[1:]))
