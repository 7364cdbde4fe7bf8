"""client.py HOST:PORT CERT_DIR start FILE [ARG...] | attach ID | stop ID, from control.proto alone,
of which `protoc --python_out` makes control_pb2."""
import asyncio, hashlib, io, os, sys
from aioquic.asyncio import connect
from aioquic.quic.configuration import QuicConfiguration
from google.protobuf.proto import serialize_length_prefixed
import control_pb2 as pb


def send(writer, message):
    frame = io.BytesIO()
    serialize_length_prefixed(message, frame)
    writer.write(frame.getvalue())


async def read_delimited(reader):
    size = shift = 0
    while (byte := (await reader.readexactly(1))[0]) > 127:
        size, shift = size | (byte & 127) << shift, shift + 7
    return await reader.readexactly(size | byte << shift)


async def show(log):
    chunks = asyncio.StreamReader()
    chunks.feed_data(log)
    chunks.feed_eof()
    while not chunks.at_eof():
        chunk = await read_delimited(chunks)
        if chunk[12] in (pb.STDOUT, pb.STDERR):  # 1 and 2, as the descriptors
            os.write(chunk[12], chunk[30:])


async def main(address, certificates, verb, target, *argv):
    host, port = address.rsplit(":", 1)
    configuration = QuicConfiguration(alpn_protocols=["selium/1"], cafile=f"{certificates}/ca.crt")
    configuration.load_cert_chain(f"{certificates}/client.crt", f"{certificates}/client.key")
    request = pb.Request(idempotency_key=os.urandom(16) if verb != "attach" else b"")
    if verb == "start":
        module = open(target, "rb").read()
        request.start.module.digest = hashlib.sha256(module).digest()
        request.start.MergeFrom(pb.Start(module_size=len(module), argv=argv, attach={}))
    else:
        getattr(request, verb).process.id = int(target)
    async with connect(host, int(port), configuration=configuration) as client:
        reader, writer = await client.create_stream()
        send(writer, request)
        frame = pb.ServerFrame()
        while not frame.HasField("result"):
            frame = pb.ServerFrame.FromString(await read_delimited(reader))
            await show(frame.log)
            if frame.HasField("upload"):
                for offset in range(frame.upload.offset, len(module), 65536):
                    send(writer, pb.ClientFrame(upload=module[offset:offset + 65536]))
            elif frame.HasField("error"):
                sys.exit(f"error: {pb.Code.Name(frame.error.code)}: {frame.error.message}")
    print(str(frame.result).replace("\n", " "), file=sys.stderr)
    sys.exit(frame.result.ended.exit.exit.code)


asyncio.run(main(*sys.argv[1:]))
