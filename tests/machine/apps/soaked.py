"""soaked: one end of `soak`'s numbered messages; a message of text is a state to enter.

Messages are numbered in each direction; a number that is not the next one is an error."""

import states

import poly


def send():
    while True:
        channel.send(b"x" * 300)


channel = poly.parent()
received = sent = 0
while True:
    message = channel.recv()
    if not message[0]:
        state = message[1:].decode()
        send() if state == "send" else getattr(states, state)()
    number = int.from_bytes(message[1:5], "little")
    if number != received:
        raise ValueError("message %d, expected %d" % (number, received))
    received += 1
    for _ in range(message[0]):  # so many answers, long ones among them
        channel.send(sent.to_bytes(4, "little") * (1 + sent % 40))
        sent += 1
