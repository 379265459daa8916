"""seeker NAME ROUNDS: restart core 0, look a name up that somebody has, and try to take it;
then export what came of it as a name."""

import sys

from echo_session import Echo
from interfaces import echo

import poly

LOOKS = 5
name = sys.argv[1]
poly.do(poly.connect(echo, name)).close()
missed = taken = listed = 0
for _ in range(int(sys.argv[2])):
    poly.restart(0)
    for _ in range(LOOKS):
        try:
            poly.do(poly.connect(echo, name, wait=False)).close()
        except poly.NoSuchService:
            missed += 1
    try:
        poly.export(echo, Echo, name).close()
        taken += 1
    except poly.Refused:
        pass
    listed += name in [found for found, _ in poly.services()]
try:
    poly.do(poly.connect(echo, "nobody", wait=False))
except poly.NoSuchService:
    with poly.export(echo, Echo, "missed %d taken %d listed %d" % (missed, taken, listed)) as end:
        poly.do(end.serve())
