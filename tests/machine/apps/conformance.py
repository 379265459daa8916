"""conformance TRANSPORT [WORD]: the rules of all transports (tests/conformance), over a
transport; those with this word in their names. "ok" for each, and what was broken."""

import gc
import sys

import cpu
from links import Bound, Local, Remote
from rules import cases, check

import poly

transport = sys.argv[1]
word = sys.argv[2] if len(sys.argv) > 2 else ""
kernel = cpu.this()


LINKS = {"loopback": Bound, "LMP": Local, "UMP": Remote}


def make():
    if transport == "UMP":
        return Remote((poly.core() + 1) % poly.cores())
    return LINKS[transport]()


def held():
    return len(kernel.doorbells.taken), len(kernel.arena.taken), len(kernel.children)


for name, rule, arguments in cases(LINKS[transport].DEATHS, transport == "UMP"):
    if word in name:
        before = held()
        try:
            check(make, rule, arguments)
            assert held() == before, "%r, not %r are held" % (held(), before)
        except Exception as error:
            sys.print_exception(error)
            print("broken", name)
        else:
            print("ok", name)
        gc.collect()
