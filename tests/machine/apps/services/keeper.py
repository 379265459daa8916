"""Export a service, restart core 0, which knows its name, and serve on."""

from echo_session import Echo
from interfaces import echo

import poly

service = poly.export(echo, Echo, "kept")
poly.restart(0)
poly.do(service.serve())
