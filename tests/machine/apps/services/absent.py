"""Look up a name that nobody registers."""

from echo_session import refused
from interfaces import echo

import poly

for options in ({"wait": False}, {"timeout_ms": 50}):
    refused(lambda options=options: poly.do(poly.connect(echo, "nobody", **options)))
