"""shut CORE: services that close themselves amid the accept of a client: in their accept
hook, their factory, their on_connect. What clients here and on that core are told, and
what is left."""

import sys

from echo_session import Echo, held, refused, serve_until
from interfaces import echo

import poly


class Shutting(Echo):
    def __init__(self, session):
        session.service.close()


def shut(_):
    service.close()


def export(way):
    if way == "hook":
        return poly.export(echo, Echo, way, accept=shut)
    if way == "factory":
        return poly.export(echo, Shutting, way)
    return poly.export_events(echo, shut, way)


def ask_here(connect, way):
    refused(lambda: poly.do(connect(echo, way, wait=False)))


def ask_there(child, way):
    child.channel.send(way.encode())
    serve_until(lambda: service.closed.done)
    child.channel.recv()


poly.export(echo, Echo).close()  # the first takes what a domain has one of
other = poly.Domain("other")
with poly.spawn(int(sys.argv[1]), "ask_shut") as child:
    before = held()
    for way in ("hook", "factory", "on_connect"):
        for connect in (poly.connect, other.connect):
            service = export(way)
            ask_here(connect, way)
        service = export(way)
        ask_there(child, way)
    serve_until(lambda: held() == before)
print("nothing is left")
