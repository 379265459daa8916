# links.py: the services of the rpc benches, on this core or (rpc_server.py) on core 1, and
# what a round of something costs.
import time

import calls
import cpu
from interfaces import echo, idctest

import poly

SERVER_CORE = 1
SERVER = "/rom/rpc_server.py"
NAMES = {echo: "bench.echo", idctest: "bench.idctest"}
IDLE_SLOTS = 8  # of a channel on which nothing happens
WARM_UP = 10


class Echo:
    """Serves echo."""

    def __init__(self, session):
        pass

    def say(self, text):
        return text

    def increase(self, number):
        return number + 1


class Return:
    """Serves idctest: basic() goes back."""

    def __init__(self, session):
        self.session = session
        self.view = None

    def basic_rpc(self, number):
        self.view = self.session.transport.view
        return number

    def basic(self, number):
        self.view.basic(number)


FACTORIES = {echo: Echo, idctest: Return}


def export(interface, sessions, name=None):
    """Serve it on this core."""
    return poly.export(interface, FACTORIES[interface], name, sessions)


def connect(interface, service=None, domain=poly, **options):
    """A client of the service with this iref; without one, of core 1's."""
    return calls.do(domain.connect(interface, service or NAMES[interface], **options))


def start_server(sessions, rounds=0):
    """rpc_server.py on core 1, which first echoes so many rounds in C."""
    return poly.spawn(SERVER_CORE, SERVER, [str(sessions), str(rounds)])


def increase_all(client, rounds):
    do, increase = calls.do, client.increase
    for number in range(rounds):
        do(increase(number))


def measure(name, side, rounds, result):
    """Put what a round of side(rounds) costs into `result`."""
    side(WARM_UP)
    start_us = time.ticks_us()
    start = cpu.instructions()
    side(rounds)
    instructions = cpu.instructions() - start
    us = time.ticks_diff(time.ticks_us(), start_us)
    result[name + "_instructions"] = instructions / rounds
    result[name + "_us"] = us / rounds


def measure_rpc(name, client, rounds, result):
    """The same of one rpc."""
    measure(name, lambda count: increase_all(client, count), rounds, result)
