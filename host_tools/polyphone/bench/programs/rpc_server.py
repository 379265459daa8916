# rpc_server.py SESSIONS ROUNDS: a C loop for so many rounds, then the services of links.py,
# until it is killed.
import sys

import calls
import links
import ump
from interfaces import echo, idctest

import poly

sessions, rounds = int(sys.argv[1]), int(sys.argv[2])
ump.bench_echo(poly.parent(), rounds)
for interface in echo, idctest:
    links.export(interface, sessions, links.NAMES[interface])
calls.do(calls.Call())
