"""Export a service, and never serve it."""

from echo_session import Echo
from interfaces import echo

import poly

service = poly.export(echo, Echo, "occupied")
poly.parent().send(b"exported")
print("occupied")
while True:
    pass
