# rpc.py ROUNDS BATCHES: a line of JSON for each batch, with what a typed rpc costs within a
# domain, to another domain and to core 1, what a typed message to there costs, and what the
# same frame between C loops.
import json
import sys

import calls
import links
import ump
from interfaces import echo, idctest
from links import measure

import poly

FRAME = 8  # bytes of a uint32 with its header


class Player:
    """Has a message go to and fro: each comes back, until it has counted down to 0."""

    def __init__(self):
        self.view = links.connect(idctest, receiver=self)
        self.over = None
        calls.do(self.view.basic_rpc(0))  # from now on they come back

    def basic(self, number):
        if number:
            self.view.basic(number - 1)
        else:
            self.over.finish()

    def play(self, messages):
        self.over = calls.Call()
        self.view.basic(messages // 2 - 1)
        calls.do(self.over)


rounds, batches = int(sys.argv[1]), int(sys.argv[2])
all_rounds = batches * (links.WARM_UP + rounds) + 1
results = [{} for _ in range(batches)]
service = links.export(echo, 2).iref
loopback = links.connect(echo, service)
lmp = links.connect(echo, service, poly.Domain("bench"))
with links.start_server(2, all_rounds) as server:
    for result in results:
        measure(
            "rpc_ump_c",
            lambda count: ump.bench_ping(server.channel, count, FRAME),
            rounds,
            result,
        )
    ump.bench_ping(server.channel, 1, FRAME)  # its way out of C is not counted
    clients = {"rpc_loopback": loopback, "rpc_lmp": lmp, "rpc_ump": links.connect(echo)}
    kinds = [client.channel.kind for client in clients.values()]
    if kinds != ["loopback", "LMP", "UMP"]:
        raise SystemExit(f"transports: {kinds}")
    player = Player()
    for result in results:
        for name, client in clients.items():
            links.measure_rpc(name, client, rounds, result)
        measure("typed_message", player.play, rounds, result)
        print(json.dumps(result))
