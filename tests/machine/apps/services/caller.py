"""caller NAME [TIMES]: call a service, without end or so often."""

import sys

from interfaces import echo

import poly

client = poly.do(poly.connect(echo, sys.argv[1]))
times = int(sys.argv[2]) if len(sys.argv) > 2 else -1
number = 0
while number != times:
    number = poly.do(client.increase(number))
print("called", number)
