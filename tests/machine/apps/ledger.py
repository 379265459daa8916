"""ledger COUNT LENGTH: numbered messages both ways at once, checked at both ends.

The next core runs this too, with `other` behind the arguments. Message n begins with n;
its length (at most LENGTH), last byte and kind follow from n."""

import select
import sys

import poly

poll = select.poll()


def fill(message, number, longest):
    """Write message `number` into a buffer; its length."""
    message[0] = number & 255
    message[1] = number >> 8 & 255
    message[2] = number >> 16
    length = 4 + number * 7 % (longest - 3)
    if length > 4:
        message[length - 1] = number * 13 & 255
    return length


def exchange(channel, count, longest):
    poll.register(channel, select.POLLIN)
    out = bytearray(longest)
    views = [memoryview(out)[:length] for length in range(longest + 1)]
    got = bytearray(longest)
    wanted = bytearray(longest)
    sent = received = 0
    while sent < count or received < count:
        moved = False
        if sent < count:
            length = fill(out, sent, longest)
            if channel.try_send(views[length], sent & 31):
                sent += 1
                moved = True
        # Who has sent its last and received its last may have left already.
        length = channel.try_recv_into(got) if received < count else -1
        if length >= 0:
            expected = fill(wanted, received, longest)
            if (
                length != expected
                or got[:3] != wanted[:3]
                or got[length - 1] != wanted[length - 1]
            ):
                raise ValueError("message %d: %d bytes, %s" % (received, length, got[:8]))
            if channel.kind != received & 31:
                raise ValueError("message %d: kind %d" % (received, channel.kind))
            received += 1
            moved = True
        if not moved:
            wait(channel, sent < count)
    return sent, received


def wait(channel, sending):
    """Until there is a message, or credit; nothing rings for credit that does not suffice."""
    few = sending and channel.credits()
    poll.modify(channel, select.POLLIN | (select.POLLOUT if sending and not few else 0))
    poll.poll(1 if few else -1)


def with_next_core(count, longest):
    """Exchange with a new program on the next core: (sent, received, its status)."""
    arguments = (str(count), str(longest), "other")
    with poly.spawn((poly.core() + 1) % poly.cores(), "ledger", arguments) as child:
        sent, received = exchange(child.channel, count, longest)
        return sent, received, child.wait()


def main():
    count, longest = int(sys.argv[1]), int(sys.argv[2])
    if sys.argv[3:]:
        exchange(poly.parent(), count, longest)
    else:
        print("sent %d, received %d, status %d" % with_next_core(count, longest))


if __name__ == "__main__":
    main()
