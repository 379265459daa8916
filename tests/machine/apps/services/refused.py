"""A client that refuse.py does not want."""

from echo_session import refused
from interfaces import echo

import poly

refused(lambda: poly.do(poly.connect(echo, "picky")))
