"""littlefs on a block device in Python that raises at random: files_faults SEED STEPS

After each fault files are as before or as they were to be, others as they were; at the
end a fresh mount finds the same. Prints how often it raised.
"""

import gc
import os
import random
import sys

import vfs

BLOCK_BYTES = 512
BLOCKS = 96
NAMES = ["/disk/%s%d" % (folder, n) for folder in ("", "d/") for n in range(4)]


class Disk:
    """A block device whose `left`th call from now on raises `error`; 0: none does."""

    def __init__(self):
        self.memory = bytearray(BLOCK_BYTES * BLOCKS)
        self.left = 0
        self.error = None
        self.raised = 0

    def fault(self):
        if self.left:
            self.left -= 1
            if self.left == 0:
                self.raised += 1
                raise self.error()

    def readblocks(self, block, buffer, offset=0):
        self.fault()
        start = block * BLOCK_BYTES + offset
        buffer[:] = memoryview(self.memory)[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        self.fault()
        start = block * BLOCK_BYTES + offset
        self.memory[start : start + len(buffer)] = buffer
        self.fault()

    def ioctl(self, what, argument):
        if what == 4:
            return BLOCKS
        if what == 5:
            return BLOCK_BYTES
        self.fault()
        return 0


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def leave_open(path, data):
    open(path, "wb").write(data)
    os.sync()


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        if error.errno != 2:
            raise
        return None


def check(model, step, kind):
    for path in NAMES:
        now = read(path)
        if now not in model[path]:
            print("step %d, %s: %s has %s" % (step, kind, path, now and (now[:1], len(now))))
            print("not", [data and (data[:1], len(data)) for data in model[path]])
            sys.exit(1)
        model[path] = [now]


def main(seed, steps):
    random.seed(seed)
    disk = Disk()
    vfs.VfsLfs2.mkfs(disk)
    vfs.mount(vfs.VfsLfs2(disk), "/disk")
    os.mkdir("/disk/d")
    model = {path: [None] for path in NAMES}  # what it may hold
    log = open("/disk/log", "w")
    logged = lost = 0
    for step in range(steps):
        path, other = random.choice(NAMES), random.choice(NAMES)
        kind = random.choice(("write", "leave", "remove", "rename", "list"))
        data = bytes((65 + step % 26,)) * random.choice((1, 50, 700, 3000))
        before = model[path]
        disk.error = random.choice((KeyboardInterrupt, MemoryError, OSError, SystemExit))
        disk.left = random.randrange(1, random.choice((4, 20, 100)))
        try:
            if kind in ("write", "leave"):
                # What was written before the fault may be there too, when the file is closed.
                model[path] = before + [b"", data]
                (write if kind == "write" else leave_open)(path, data)
                model[path] = [data]
            elif kind == "remove":
                model[path] = before + [None]
                os.remove(path)
                model[path] = [None]
            elif kind == "rename" and path != other:
                model[path], model[other] = before + [None], model[other] + before
                os.rename(path, other)
                model[path], model[other] = [None], before
            else:
                list(os.ilistdir("/disk/d"))
        except (KeyboardInterrupt, MemoryError, SystemExit):
            pass
        except OSError:
            pass
        disk.left = 0
        gc.collect()
        check(model, step, kind)
        try:  # a file that stays open meanwhile is saved, or says that it cannot be
            log.write("%d\n" % logged)
            logged += 1
            log.flush()
        except OSError:
            lost += 1
            try:
                log.close()
            except OSError:
                pass
            log = open("/disk/log", "w")
            log.flush()
            logged = 0
        if read("/disk/log").decode() != "".join(["%d\n" % n for n in range(logged)]):
            print("step %d, %s: %d: the log has %r" % (step, kind, logged, read("/disk/log")))
            sys.exit(1)
        if logged == 50:
            log.close()
            log = open("/disk/log", "w")
            log.flush()
            logged = 0
    vfs.umount("/disk")
    vfs.mount(vfs.VfsLfs2(disk), "/disk")
    check(model, steps, "mount")
    print("raised %d times, log lost %d times" % (disk.raised, lost))


main(int(sys.argv[1]), int(sys.argv[2]))
