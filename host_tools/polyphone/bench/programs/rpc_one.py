# rpc_one.py KIND ROUNDS: so many rpcs of one kind (loopback, LMP, UMP). `poly bench --profile`
# says where their instructions go.
import sys

import links
from interfaces import echo

import poly

kind, rounds = sys.argv[1], int(sys.argv[2])
if kind == "UMP":
    with links.start_server(1):
        links.increase_all(links.connect(echo), rounds)
else:
    domain = poly if kind == "loopback" else poly.Domain("bench")
    links.increase_all(links.connect(echo, links.export(echo, 1).iref, domain), rounds)
