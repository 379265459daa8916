"""Round trips to the monitors of the other cores: `run ping [COUNT]`."""

import sys

import poly


def main():
    try:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    except ValueError:
        count = 0
    if count < 1:
        print("usage: ping [COUNT]")
        return 2
    status = 0
    for core in range(poly.cores()):
        if core == poly.core():
            continue
        try:
            times = [poly.ping(core) for _ in range(count)]
        except poly.Error as error:
            print("ping:", error)
            status = 1
            continue
        print("core %d: %d round trips, %d to %d us" % (core, count, min(times), max(times)))
    return status


sys.exit(main())
