"""attack TRANSPORT: messages that are wrong in one way (tests/conformance), from the file
cases.txt beside this one: what reasons they met, sorted, or the case that was taken badly."""

import sys

import everything_if
from interfaces import echo, idctest
from links import Local, Remote
from victims import attack

import poly

MODULES = {"echo": echo, "idctest": idctest, "everything": everything_if}


def make():
    return Local() if sys.argv[1] == "LMP" else Remote((poly.core() + 1) % poly.cores())


with open(sys.path[0] + "/cases.txt") as file:
    reasons = attack(make, MODULES, file)
print(sum(reasons.values()), "cases")
print(" ".join(sorted(reasons)))
