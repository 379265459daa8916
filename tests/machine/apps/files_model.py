"""Random work in /ram, compared with a model: files_model SEED STEPS

Files are left open, the heap is filled or locked meanwhile, and the disk gets full.
Prints what it did; ends with status 1 at the first difference.
"""

import errno
import gc
import os
import random
import sys

import micropython

NAMES = ["/ram/%s%d" % (folder, n) for folder in ("", "d/", "e/") for n in range(4)]


class Different(Exception):
    pass


class Work:
    def __init__(self, seed):
        random.seed(seed)
        self.model = {}  # path: bytes
        self.full = self.done = 0
        for folder in ("/ram/d", "/ram/e"):
            os.mkdir(folder)

    def piece(self):
        return bytes((random.randrange(256),)) * random.choice(
            (1, 30, 200, 1024, 5000, 20000, 90000)
        )

    def attempt(self, path, function, *args):
        """Have it done, and whatever /ram holds of that file be a state that may come of it."""
        try:
            function(path, *args)
            self.done += 1
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            self.full += 1
        except MemoryError:
            self.full += 1

    def write(self, path):
        data = self.piece()
        old = self.model.get(path)
        try:
            with open(path, "wb") as file:
                self.model[path] = b""
                file.write(data)
        except (OSError, MemoryError):
            self.accept(path, (old, b""), data)
            raise
        self.model[path] = data

    def append(self, path):
        data = self.piece()
        old = self.model.get(path, b"")
        try:
            with open(path, "ab") as file:
                file.write(data)
        except (OSError, MemoryError):
            self.accept(path, (self.model.get(path), old), old + data)
            raise
        self.model[path] = old + data

    def leave_open(self, path):
        data = self.piece()[:3000]
        old = self.model.get(path)
        try:
            open(path, "wb").write(data)
        except (OSError, MemoryError):
            gc.collect()
            self.accept(path, (old, b""), data)
            raise
        self.model[path] = data
        if self.full:  # it may not be saved when the disk is full; a line says so
            gc.collect()
            self.accept(path, (old, b""), data)
        else:
            os.sync()

    def change(self, path):
        old = self.model.get(path)
        if not old:
            return
        at = random.randrange(len(old))
        data = self.piece()[:300]
        new = old[:at] + data + old[at + len(data) :]
        try:
            with open(path, "r+b") as file:
                file.seek(at)
                file.write(data)
        except (OSError, MemoryError):
            self.accept(path, (old,), new)
            raise
        self.model[path] = new

    def remove(self, path):
        if path in self.model:
            os.remove(path)
            del self.model[path]

    def rename(self, path):
        other = random.choice(NAMES)
        if path in self.model and other != path:
            os.rename(path, other)
            self.model[other] = self.model.pop(path)

    def fill_heap(self, path):
        hog = []
        try:
            while True:
                hog.append(bytearray(random.choice((100, 1000, 20000))))
        except MemoryError:
            pass
        try:
            self.write(path)
        finally:
            hog = None
            gc.collect()

    def lock_heap(self, path):
        data = self.piece()[:2000]
        file = open(path, "wb")
        self.model[path] = b""
        micropython.heap_lock()
        try:
            file.write(data)
            file.close()
        finally:
            micropython.heap_unlock()
            try:
                file.close()
            finally:
                self.accept(path, (b"",), data)

    def accept(self, path, olds, new):
        """After an error a file is as before, or has a beginning of what was written."""
        now = read(path)
        if now not in olds and not (now is not None and new.startswith(now)):
            if not (new and now and len(now) == len(new)):
                raise Different("%s: %r bytes after an error" % (path, now and len(now)))
        if now is None:
            self.model.pop(path, None)
        else:
            self.model[path] = now

    def check(self):
        found = {}
        for folder in ("/ram", "/ram/d", "/ram/e"):
            for entry in os.ilistdir(folder):
                path = folder + "/" + entry[0]
                if entry[1] == 0x8000:
                    found[path] = entry[3]
            for _ in os.ilistdir(folder):
                break  # an iterator that is left is gone, too
        if sorted(found) != sorted(self.model):
            raise Different("%s, not %s" % (sorted(found), sorted(self.model)))
        for path, data in self.model.items():
            if found[path] != len(data) or read(path) != data:
                raise Different("%s: %d bytes, not %d" % (path, found[path], len(data)))


def read(path):
    gc.collect()
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        return None


def main(seed, steps):
    work = Work(seed)
    kinds = [
        work.write,
        work.append,
        work.leave_open,
        work.change,
        work.remove,
        work.rename,
    ]
    kinds += kinds + [work.append, work.fill_heap, work.lock_heap]
    for step in range(steps):
        kind = random.choice(kinds)
        path = random.choice(NAMES)
        try:
            work.attempt(path, kind)
            if step % 10 == 9:
                work.check()
        except Different as error:
            print("seed %d, step %d, %s of %s: %s" % (seed, step, kind.__name__, path, error))
            sys.exit(1)
    work.check()
    print("%d done, %d had no room" % (work.done, work.full))


main(int(sys.argv[1]), int(sys.argv[2]))
