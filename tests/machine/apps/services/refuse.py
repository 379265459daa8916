"""Refuse clients of cores 1 and 2: by the accept hook, and by the factory."""

from echo_session import Echo, serve_until
from interfaces import echo

import poly


class Picky(Echo):
    def __init__(self, session):
        if session.core == 2:
            raise poly.Refused("not from core 2, dear " + session.client)


def accept(session):
    if session.core == 1:
        raise ValueError("no " * 40)


service = poly.export(echo, Picky, "picky", accept=accept)
children = [poly.spawn(core, "refused") for core in (1, 2)]
serve_until(lambda: all([child.ended() for child in children]))
