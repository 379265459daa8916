"""outlive [early]: a client whose server dies under it, or (early) ends before a call."""

import sys

from echo_session import serve_until
from interfaces import echo

import poly

child = poly.spawn(2, "serve", ["mortal"])
client = poly.do(poly.connect(echo, "mortal"))
told = []
client.error_handler = lambda view, error: told.append(error)
print("waiting")
if len(sys.argv) > 1:
    child.close()
try:
    while True:
        poly.do(client.increase(1))
except poly.PeerDied as error:
    died = error
serve_until(lambda: told)
print("told", len(told), died)
