"""Export and connect in the style of Barrelfish."""

from echo_session import serve_until
from interfaces import idctest

import poly

done = []


def on_connect(binding):
    binding.rx["basic"] = lambda binding, arg: binding.tx.str(arg, "got %d" % arg, None)


service = poly.export_events(idctest, on_connect, "events")
binding = poly.do(poly.connect(idctest, "events", events=True))
binding.rx["str"] = lambda binding, arg, text: done.append((arg, text))
binding.tx.basic(7, None)
serve_until(lambda: done)
print(done, binding.channel.kind)
