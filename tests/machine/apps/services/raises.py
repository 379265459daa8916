"""raises [CORE]: what methods raise, at a server there (none: here), in plain methods and in
`async def`; what its callers get, and what its hook."""

import asyncio
import sys

from echo_session import refused
from interfaces import echo, idctest

import poly


class Faulty:
    def __init__(self, session):
        self.session = session

    def basic(self, arg):
        return 1 // 0

    def str(self, arg, s):
        raise NameError(s)

    async def buf(self, buf):
        await asyncio.sleep_ms(1)
        raise ValueError(len(buf))

    def basic_rpc(self, arg):
        if arg == 1:
            raise KeyError("one")
        if arg == 2:
            return self.later()
        if arg == 3:
            raise OSError("ü" * 200)
        return "no number"

    async def later(self):
        await asyncio.sleep_ms(1)
        raise RuntimeError("later")


class Strict:
    def __init__(self, session):
        pass

    def say(self, text):
        if text == "loud":
            raise echo.TooLoud("at most 5, not %d" % len(text) if text else None)
        raise echo.TooLoud()

    async def increase(self, number):
        raise TypeError("hooked")


def serve():
    def take(session, error):
        print("hook", session.core, type(error).__name__, error)

    poly.export(idctest, Faulty, "faulty")
    poly.export(echo, Strict, "strict", on_error=take)


def ask():
    faulty = poly.do(poly.connect(idctest, "faulty"))
    faulty.basic(1)
    faulty.str(1, "nothing")
    faulty.buf(b"abc")
    for arg in range(1, 5):
        refused(lambda arg=arg: poly.do(faulty.basic_rpc(arg)))
    strict = poly.do(poly.connect(echo, "strict"))
    for text in ("loud", "soft"):
        try:
            poly.do(strict.say(text))
        except echo.TooLoud as error:
            print("TooLoud", error)
    refused(lambda: poly.do(strict.increase(1)))


if poly.parent():
    serve()
    poly.parent().send(b"")
    poly.do(poly.Port().next())
elif len(sys.argv) > 1:
    with poly.spawn(int(sys.argv[1]), "raises") as child:
        child.channel.recv()
        ask()
else:
    serve()
    ask()
