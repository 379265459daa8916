"""Count to 20 by the service `work`, whatever becomes of it."""

from interfaces import echo

import poly

number = 0
while number < 20:
    try:
        client = poly.do(poly.connect(echo, "work", timeout_ms=3000))
        while number < 20:
            number = poly.do(client.increase(number))
    except (poly.PeerDied, poly.Timeout) as error:
        print(error)
print("worked", number)
