"""serve NAME [SESSIONS]: export echo, until interrupted."""

import sys

from echo_session import Echo
from interfaces import echo

import poly

service = poly.export(echo, Echo, sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8)
print("exported", service.iref)
poly.do(service.serve())
