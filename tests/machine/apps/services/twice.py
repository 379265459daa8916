"""Register a name that is taken, here and on core 1."""

from echo_session import Echo, refused
from interfaces import echo

import poly

first = poly.export(echo, Echo, "name")
refused(lambda: poly.export(echo, Echo, "name"))
with poly.spawn(1, "serve", ["name"]) as child:
    print("status", child.wait())
print(poly.services())
before = first.iref
first.close()
after = poly.export(echo, Echo, "name").iref
print(after[:2] == before[:2], after[2] - before[2])
