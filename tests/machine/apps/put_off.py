"""A message far larger than its ring is posted by a program that then waits for something else:
in a receive, then in a sleep. The other program tells what came of it."""

import time

import poly

LENGTH = 60000
parent = poly.parent()
if parent:
    for _ in range(2):
        parent.send(b"%d" % len(parent.recv()))
else:
    with poly.spawn((poly.core() + 1) % poly.cores(), "put_off") as child:
        message = bytes(LENGTH)
        print(child.channel.post(message, LENGTH), child.channel.recv().decode())
        print(child.channel.post(message, LENGTH))
        answer = None
        while answer is None:
            time.sleep_ms(1)
            answer = child.channel.try_recv()
        print(answer.decode(), child.wait())
