"""The turns of what comes over a channel: handlers that wait hold up what is behind them.

Messages and calls are handled in the order in which they came. At most `limit` handlers of
messages that are `async def` are under way at one time. What comes meanwhile waits here, at
most `room` of it; then the channel receives no more, and its sender is out of credit. Until
then what answers a call of this end's own passes, and so does FIN; a death always does (CALL-9).
"""


class Turns:
    """Of one view, whose _handle() gets what is due."""

    def __init__(self, view, room):
        self.view = view
        self.limit = 1
        self.room = room
        self.running = 0
        self.held = []  # arguments of view._handle(), the oldest first

    def admit(self, limit):
        """From now on run so many `async def` handlers at one time."""
        self.limit = limit
        self.go_on()

    def stop(self):
        """Take nothing more."""
        self.room = 0
        self.view._end.paused = True

    def take(self, *message):
        """Have a message or call handled, now or in its turn."""
        if self.held or self.running >= self.limit:
            self.held.append(message)
            if len(self.held) >= self.room:
                self.view._end.paused = True
        else:
            self.view._handle(*message)

    def start(self, number, coroutine):
        """Run what an `async def` handler of message `number` gave."""
        start(self._run(number, coroutine))
        self.running += 1
        self.view._end.blocked = self.running >= self.limit

    async def _run(self, number, coroutine):
        try:
            await coroutine
        except Exception as error:
            self.view._raised(number, error)
        finally:
            self.running -= 1
            self.go_on()

    def go_on(self):
        """Have what waits handled, as far as it may be."""
        try:
            while self.held and self.running < self.limit:
                self.view._handle(*self.held.pop(0))
        finally:
            if self.held and self.running < self.limit:
                self.view.channel.defer(self.go_on)  # an interrupt came between
            self._let_in()

    def _let_in(self):
        view, end = self.view, self.view._end
        end.blocked = bool(self.held) or self.running >= self.limit
        if end.paused and len(self.held) < self.room:
            end.paused = False
            view.channel.resume()
        view._idle()


def is_coroutine(result):
    """Whether a method is an `async def`: then calling it has not run it yet."""
    return hasattr(result, "send") and hasattr(result, "throw")


def start(coroutine):
    import asyncio

    asyncio.create_task(coroutine)


async def guarded(coroutine, failed):
    """Run it; what it raises goes to failed(error)."""
    try:
        await coroutine
    except Exception as error:
        failed(error)
