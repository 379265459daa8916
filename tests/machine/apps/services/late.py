"""Look a name up before anybody has registered it."""

from interfaces import echo

import poly

call = poly.connect(echo, "later")
assert not call.done
with poly.spawn(2, "serve", ["later"]):
    client = poly.do(call)
    print(poly.do(client.increase(1)))
