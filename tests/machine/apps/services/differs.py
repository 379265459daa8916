"""Connect to another interface than is exported, and to what is not exported."""

from echo_session import Echo, refused
from interfaces import echo, idctest

import poly

service = poly.export(echo, Echo, "name")
for target in ("name", service.iref, (poly.core(), 0, 7777), (9, 0, 0)):
    refused(lambda target=target: poly.do(poly.connect(idctest, target)))
print(echo.HASH, idctest.HASH)
