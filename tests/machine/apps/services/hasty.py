"""Give up on a server that does not serve: by time-out, and by the end of this program."""

from echo_session import refused
from interfaces import echo

import poly

with poly.spawn(2, "occupied") as child:
    child.channel.recv()  # its service has its name
    for _ in range(3):
        refused(lambda: poly.do(poly.connect(echo, "occupied", timeout_ms=30)))
    call = poly.connect(echo, "occupied")
