"""The command `poly`, as build/venv/bin/poly starts it."""

import signal
import sys

# Until main() takes over, which Python needs a while to load, Ctrl-C ends it without a word.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from polyphone import cli  # noqa: E402

sys.exit(cli.main())
