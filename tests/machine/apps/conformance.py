"""conformance TRANSPORT [WORD]: the rules of all transports (tests/conformance), over LMP or
UMP; those with this word in their names. "ok" for each, and what was broken."""

import gc
import sys

import cpu
from links import Local, Remote
from rules import cases, check

import poly

transport = sys.argv[1]
word = sys.argv[2] if len(sys.argv) > 2 else ""
kernel = cpu.this()


def make():
    return Local() if transport == "LMP" else Remote((poly.core() + 1) % poly.cores())


def held():
    return len(kernel.doorbells.taken), len(kernel.arena.taken), len(kernel.children)


deaths = (Local if transport == "LMP" else Remote).DEATHS
for name, rule, arguments in cases(deaths, transport == "UMP"):
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
