"""last WAY COUNT: a program on core 2 sends messages to one on core 1 that is slow, and ends;
all that it sent, in each way, arrives."""

import asyncio
import sys
import time

from interfaces import idctest

import poly

WAYS = ("awaited", "plain", "numbers", "long", "closed", "domain", "raised", "exited")


class Keeper:
    """Counts what comes, and is slow. All sessions of a service count together."""

    counts = [0, 0]  # messages; sessions that have ended

    def __init__(self, session):
        pass

    def basic(self, arg):
        time.sleep_ms(1)
        self.counts[0] += 1

    def str(self, arg, s):
        self.basic(arg)

    def buf(self, buf):
        self.basic(0)

    def hung_up(self):
        self.counts[1] += 1

    def basic_rpc(self, arg):
        return self.counts[arg]


async def await_all(sends):
    for send in sends:
        await send


def tell(way, count):
    domain = poly.Domain("last")
    connect = domain.connect if way == "domain" else poly.connect
    client = poly.do(connect(idctest, "keeper", slots=4 if way == "long" else 64))
    if way == "numbers":
        sends = (client.basic(number) for number in range(count))
    elif way == "long":
        sends = (client.buf(b"x" * 2048) for number in range(count))
    else:
        sends = (client.str(number, "x" * 150) for number in range(count))
    if way in ("awaited", "long"):
        asyncio.run(await_all(sends))
    else:
        list(sends)
    if way == "closed":
        client.close()
    if way == "domain":
        domain.close()
    if way == "raised":
        raise poly.Misuse("raised")
    if way == "exited":
        sys.exit(3)


def main(count):
    with poly.spawn(1, "last", ["keeper"]):
        before = 0
        for way in WAYS:
            with poly.spawn(2, "last", [way, str(count)]) as teller:
                status = teller.wait()
                client = poly.do(poly.connect(idctest, "keeper"))
                ended = sessions = 0
                while sessions < 1 + 2 * WAYS.index(way):  # this one's predecessors, and it
                    sessions = poly.do(client.basic_rpc(1))
                ended = poly.do(client.basic_rpc(0))
                print(way, "status", status, "arrived", ended - before)
                before = ended
                poly.do(client.close())


if sys.argv[1] == "keeper":
    poly.do(poly.export(idctest, Keeper, "keeper").serve())
elif poly.parent():
    tell(sys.argv[1], int(sys.argv[2]))
else:
    main(int(sys.argv[1]))
