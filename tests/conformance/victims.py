"""Ends that meet hostile peers (mistakes.py says what these post), and what must come of it.

Each case has a channel of its own; beside it is one, of the same port, that must go on.
"""

from ends import VIEWS, Watched

from poly import limits, wire

SLOTS = 64  # for a whole message, so that the peer need not be served
CAPABILITIES_BYTES = wire.COUNT_BYTES + limits.CAPABILITIES * wire.CAPABILITY_BYTES
BATCH = 20  # channels of one link


class Anything:
    """An object that has every method of an interface, and counts the calls."""

    def __init__(self):
        self.handled = 0

    def __getattr__(self, name):
        if name.startswith("__") or name == "hung_up":
            raise AttributeError(name)
        return self.method

    def method(self, *arguments):
        self.handled += 1


class Victim(Watched):
    """The end of `view` "victim MODULE ROLE"."""

    def __init__(self, module, role, *parts):
        self.start(*parts)
        self.target = Anything()
        kind = getattr(module, role[0].upper() + role[1:])
        self.view = kind(self.transport, self.target)
        self.view.error_handler = self.error
        self.call = None

    def error(self, view, error):
        if view.closed is error:
            self.told.append(str(error))

    def ask(self, name, arguments):
        self.call = getattr(self.view, name)(*arguments)

    def outcome(self):
        """(state, what it was told, how often released, calls of methods)."""
        return (self.transport.state, self.told, len(self.released), self.target.handled)


def view_of(module, role):
    """A name for Side.add() of such ends."""
    name = "victim %s %s" % (module.__name__, role)
    VIEWS[name] = lambda *parts: Victim(module, role, *parts)
    return name


class Attack:
    """Cases one after the other, over links that `make()` gives."""

    def __init__(self, make, modules):
        self.make = make
        self.modules = modules
        self.link = None
        self.left = 0
        self.asked = 0
        self.reasons = {}

    def fresh_link(self):
        self.close()
        self.link = self.make()
        self.beside, _ = self.link.connect("client", "server", 8)
        self.left = BATCH
        self.asked = 0

    def close(self):
        if self.link:
            link, self.link = self.link, None
            link.close()

    def run(self, case):
        """Raises AssertionError if the victim does anything but end that channel, once."""
        if not self.left:
            self.fresh_link()
        self.left -= 1
        module, role, call, good, wrong, handled, reason = case
        module = self.modules[module]
        link = self.link
        longest = module.INTERFACE.frame_bytes + CAPABILITIES_BYTES
        near, far = link.connect(view_of(module, role), "bare", SLOTS, longest)
        victim = link.side.ends[near]
        if call:
            victim.ask(*call)
        self.post(far, good)
        assert victim.outcome() == ("open", [], 0, handled), victim.outcome()
        self.post(far, wrong)
        state, told, released, now_handled = victim.outcome()
        assert (state, len(told), released) == ("dead", 1, 1), (state, told, released)
        assert told[0].endswith("wrong " + reason), told
        assert now_handled == handled, now_handled
        if call:
            assert victim.call.done
        self.reasons[reason.split()[0]] = self.reasons.get(reason.split()[0], 0) + 1
        if self.left % 4 == 0:
            self.answers_beside()

    def post(self, far, frames):
        link = self.link
        for kind, frame in frames:
            assert link.far(far, "post", frame, kind) is True
            while link.side.serve():
                pass

    def answers_beside(self):
        link = self.link
        link.near(self.beside, "ask", self.asked + 20)
        link.until(lambda: link.near(self.beside, "results")[self.asked] is not None)
        assert link.near(self.beside, "results")[self.asked] == ("value", self.asked + 21)
        self.asked += 1


def attack(make, modules, cases):
    """Run all cases of an open file, a line each; the reasons and how often each was met. Says
    which case was taken badly."""
    attacker = Attack(make, modules)
    for number, line in enumerate(cases):
        try:
            attacker.run(eval(line))
        except Exception:
            print("case", number, line[:300])
            raise
    attacker.close()
    return attacker.reasons
