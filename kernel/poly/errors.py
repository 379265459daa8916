"""Errors, named after who must act. The text names who, what and the bound."""


class Error(Exception):
    """Any of the below."""


class Misuse(Error):
    """My own bug: the call can never succeed as it was made."""


class NoSuchService(Error):
    """What was named is not there: no such program, core or service."""


class Refused(Error):
    """The service does not want this client, or a name is another's; the text says why."""


class Timeout(Error):
    """My deadline passed; the work may go on."""


class Exhausted(Error):
    """A bound was met: the text names it, and the numbers."""


class ServerFailed(Error):
    """The server's method ended with an error that its interface does not declare: the text
    has its name and text. The server's own program prints its traceback."""


class PeerBroke(Error):
    """The peer violated the protocol and was cut off."""


class PeerDied(Error):
    """The core behind the call died, or what ran there. `core` and `generation` say which."""

    def __init__(self, core, generation, text=None):
        super().__init__(text or "core %d died (generation %d)" % (core, generation))
        self.core = core
        self.generation = generation


def anew(error):
    """The same error to be raised once more: the traceback of one object grows each time."""
    try:
        if isinstance(error, PeerDied):
            return PeerDied(error.core, error.generation, str(error))
        if type(error) in (Misuse, PeerBroke, Timeout):
            return type(error)(str(error))
    except MemoryError:
        pass
    return error
