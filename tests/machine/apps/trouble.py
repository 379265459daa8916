"""trouble STATE: says that it is there, then brings its core into a state in which only a
restart helps. `partner` on the next core is told of it, as is who spawned this."""

import sys
import time

import states

import poly


def send():
    message = bytes(200)
    while True:
        partner.channel.send(message)


def receive():
    while True:
        partner.channel.recv()


OF_CHANNELS = {"send": send, "receive": receive}
state = sys.argv[1]
partner = poly.spawn((poly.core() + 1) % poly.cores(), "partner", (state,))
partner.channel.recv()
poly.parent().send(b"ready")
time.sleep_ms(20)
(OF_CHANNELS.get(state) or getattr(states, state))()
