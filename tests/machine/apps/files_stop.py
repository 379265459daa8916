"""Interrupts and kills files_writer on core 1 at random times: files_stop SEED TIMES"""

import random
import sys
import time

import poly

random.seed(int(sys.argv[1]))
for turn in range(int(sys.argv[2])):
    with poly.spawn(1, "files_writer", [str(turn)]) as writer:
        time.sleep_us(random.randrange(random.choice((100, 3000, 20000))))
        if random.randrange(2):
            writer.interrupt()
        else:
            writer.kill()
        writer.wait(10000)
    if turn % 5 == 4:
        with poly.spawn(1, "files_look") as look:
            status = look.wait(10000)
        if status:
            print("turn %d: status %d" % (turn, status))
            sys.exit(1)
print("stopped %d times" % (turn + 1))
