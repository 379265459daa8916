"""Export a service, and never serve it."""

from echo_session import Echo
from interfaces import echo

import poly

service = poly.export(echo, Echo, "occupied")
print("occupied")
while True:
    pass
