"""crash HOW [ADDRESS]: does what must not be done; says so if it was not noticed.

Python has no way to do such things by mistake; uctypes and objects made by hand are
the deliberate ones."""

import sys
import time

import cpu
import uctypes

WORD = 8


def memory(address, length=WORD):
    return uctypes.bytearray_at(address, length)


def call(address):
    """Jump there: a made-up built-in function, put where a list keeps an item."""
    fake = bytearray(memory(id(cpu.core), 2 * WORD))
    fake[WORD:] = address.to_bytes(WORD, "little")
    items = [None]
    at = int.from_bytes(memory(id(items) + 3 * WORD), "little")
    memory(at)[:] = uctypes.addressof(fake).to_bytes(WORD, "little")
    items[0]()


def crash(how, address):
    if how == "load":
        print(memory(address)[0])
    elif how == "store":
        memory(address)[0] = 1
    elif how == "jump":
        call(address)
    elif how == "constant":
        memory(id(cpu.core))[0] = 1
    elif how == "heap":
        code = bytearray(64)
        call(uctypes.addressof(code))
    elif how == "unmapped":
        offset, length = cpu.arena()
        cpu.map(offset, 4096)
        region = memory(0xE0000000 + offset)
        region[0] = 1
        cpu.unmap(offset, 4096)
        region[0] = 2
    elif how == "arena":
        offset, length = cpu.arena()
        memory(0xE0000000 + offset)[0] = 1
    elif how == "raise":
        raise ValueError("not a panic")


if len(sys.argv) > 3:
    time.sleep_ms(int(sys.argv[3]))
crash(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
print("nothing happened")
