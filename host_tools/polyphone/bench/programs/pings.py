# pings.py PINGS: pings core 1 that often while it is busy, in each way of busy.py. A
# line of JSON for each: how many bytecodes it executed before an answer, at worst. It
# runs on the counting twin.
import json
import random
import sys
import time

import answers
import busy

import poly

CORE = 1
PAUSE_US = 1_000  # at most between two pings: they meet the program anywhere


def ping():
    """Bytecodes before the answer to one ping."""
    before, _ = answers.last(CORE)
    poly.ping(CORE)
    count, bytecodes = answers.last(CORE)
    if count != before + 1:
        raise SystemExit(f"core {CORE} gave {count - before} answers to a ping")
    return bytecodes


def measure(kind, pings):
    worst = done = 0
    with poly.spawn(CORE, "/rom/busy.py", [kind]) as child:
        child.channel.recv()
        while done < pings:
            time.sleep_us(random.randrange(PAUSE_US))
            worst = max(worst, ping())
            done += 1
        if child.ended():
            raise SystemExit(f"busy.py {kind} ended: the core was not busy")
    return {"kind": kind, "pings": done, "worst": worst}


for kind in busy.KINDS:
    print(json.dumps(measure(kind, int(sys.argv[1]))))
