"""Redis servers that die and return at once, as far as a PING can see. Run as a program, `puppets COUNT PORT`, it is all
of them: number N listens at address(N) while it is up. Orders come on standard input, `down N` and `up N`."""
import asyncio
import sys


def address(i):
    return f"127.2.{i // 250}.{i % 250 + 1}"


class Connection(asyncio.Protocol):
    def __init__(self, puppet):
        self.puppet = puppet
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.puppet.connections.add(self)

    def data_received(self, data):
        self.transport.write(b"+PONG\r\n" * data.count(b"PING"))

    def connection_lost(self, _):
        self.puppet.connections.discard(self)


class Puppet:
    def __init__(self, host, port):
        self.host, self.port = host, port
        self.connections = set()
        self.server = None

    async def up(self):
        self.server = await asyncio.get_running_loop().create_server(lambda: Connection(self), self.host, self.port)

    async def down(self):
        self.server.close()
        for connection in list(self.connections):
            connection.transport.abort()


async def play(count, port):
    puppets = [Puppet(address(i), port) for i in range(count)]
    for puppet in puppets:
        await puppet.up()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print("ready", flush=True)
    while line := await reader.readline():
        verb, number = line.split()
        await getattr(puppets[int(number)], {b"up": "up", b"down": "down"}[verb])()


if __name__ == "__main__":
    asyncio.run(play(int(sys.argv[1]), int(sys.argv[2])))
