"""A name server for addresses of one machine: sN.bench is target N. Run as a program it answers on 127.0.0.1:53 until
its standard input ends, and then prints as JSON how many questions for IPv4 addresses came in each 10 ms."""
import collections
import json
import selectors
import socket
import struct
import sys
import time

BUCKET_MS = 10


def name(i):
    return f"s{i}.bench"


def address(i):
    """As TargetAddress of pinger.h."""
    return bytes([127, 1, i // 250, i % 250 + 1])


def answer(packet):
    """(reply, whether it asked for an IPv4 address)."""
    end = packet.index(0, 12)
    kind = struct.unpack_from(">H", packet, end + 1)[0]
    question = packet[12:end + 5]
    number = packet[14:13 + packet[12]]  # the first label without its s
    records = b""
    if kind == 1 and number.isdigit():
        records = struct.pack(">HHHIH", 0xc00c, 1, 1, 60, 4) + address(int(number))
    head = struct.pack(">HHHHHH", struct.unpack_from(">H", packet)[0], 0x8580, 1, 1 if records else 0, 0, 0)
    return head + question + records, kind == 1


def serve():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    server.bind(("127.0.0.1", 53))
    server.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(server, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    counts = collections.Counter()
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                if not sys.stdin.buffer.read1(1024):
                    print(json.dumps(sorted(counts.items())), flush=True)
                    return
                continue
            try:
                while True:
                    packet, sender = server.recvfrom(2048)
                    reply, counted = answer(packet)
                    server.sendto(reply, sender)
                    counts[time.time_ns() // (BUCKET_MS * 1_000_000)] += counted
            except BlockingIOError:
                pass


if __name__ == "__main__":
    serve()
