"""many_spawns COUNT [SLOTS]: spawns programs one after the other and talks to each."""

import sys

import poly

count = int(sys.argv[1])
slots = int(sys.argv[2]) if len(sys.argv) > 2 else 8
for number in range(count):
    core = number % poly.cores()
    if core in (0, poly.core()):
        continue  # core 0 runs the shell
    with poly.spawn(core, "answer", slots=slots) as child:
        child.channel.send(b"%d" % number, 3)
        assert child.channel.recv() == b"%d" % number
        assert child.channel.kind == 3
        if number % 3:
            child.channel.send(b"", 1)
            assert child.wait(5000) == 0
        # else: it is killed
print("spawned", count)
