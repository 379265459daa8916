# rpc_idle.py ROUNDS IDLE: what a typed rpc to core 1 costs while IDLE other channels are open
# between the same two programs.
import json
import sys

import links
from interfaces import echo

import poly

rounds, idle = int(sys.argv[1]), int(sys.argv[2])
domain = poly.Domain("bench", idle + 1)
with links.start_server(idle + 1):
    others = [links.connect(echo, domain=domain, slots=links.IDLE_SLOTS) for _ in range(idle)]
    client = links.connect(echo, domain=domain)
    for each in others:
        links.increase_all(each, 1)
    result = {"idle": len(others)}
    links.measure_rpc("rpc", client, rounds, result)
    print(json.dumps(result))
