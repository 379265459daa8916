"""ask CORE: have echo0 exported there, and call it."""

import sys

from interfaces import echo

import poly

with poly.spawn(int(sys.argv[1]), "serve", ["echo0"]):
    client = poly.do(poly.connect(echo, "echo0"))
    for number in range(5):
        assert poly.do(client.increase(number)) == number + 1
    assert poly.do(client.say("x" * 500)) == "x" * 500
    print("asked", client.channel.kind)
