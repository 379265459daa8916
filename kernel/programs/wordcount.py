"""The most frequent words of a text, counted by all cores.

    run wordcount [-n WORDS] [--cores N] FILE

A word is a longest run of ASCII letters and non-ASCII characters, ASCII letters in
lower case. The core that runs this cuts the text between words into pieces and hands
them out, some ahead, to whoever has finished one; it counts too, in between. No core
sends its whole table: see topk.py.
"""

import gc
import os
import struct
import sys

import cpu
import ump

import poly
from programs.tally import BadText, Tally
from programs.topk import top
from programs.utf8 import first_fault

PIECE_MAX = 16384  # bytes handed out at a time
PIECE_MIN = 2048  # towards the end, so that all finish together
AHEAD = 3  # pieces a worker has: one under way, the others while this core counts one
WORD_MAX = 262144  # bytes of a word, which must fit a piece
BATCH_BYTES = 4096  # of words in a message
GARBAGE_PART = 2  # of a core's memory is allocated between two collections
USAGE = "usage: wordcount [-n WORDS] [--cores N] FILE"

# kinds of messages to a worker, and of its answers
PIECE, TOP, AT_LEAST, TOTALS, END = range(1, 6)
DONE, WORDS, COUNTED, FAILED = range(1, 5)
PART = 6  # either way: the start of what is too long for a message
PART_BYTES = 32768


class Trouble(Exception):
    """Ends the program with a line that says why."""


# --- the text -------------------------------------------------------------------


class Pieces:
    """Cuts a file into pieces that end where no word does."""

    def __init__(self, file, size, share):
        self.file = file
        self.size = size
        self.share = share  # part of what is left that a piece may be
        self.at = 0

    def next(self):
        """(offset, length) of the next piece, or None."""
        start = self.at
        if start == self.size:
            return None
        end = start + max(PIECE_MIN, min(PIECE_MAX, (self.size - start) // self.share))
        self.at = self.size if end >= self.size else self.word_end(start, end)
        return start, self.at - start

    def word_end(self, start, end):
        """The first offset from `end` on that no word goes across."""
        self.file.seek(end)
        look = self.file.read(32)
        while look:
            for byte in look:
                if byte < 65 or 90 < byte < 97 or 122 < byte < 128:
                    return end
                end += 1
            if end - start > WORD_MAX:
                raise Trouble("a word of more than %d bytes near byte %d" % (WORD_MAX, start))
            look = self.file.read(1024)
        return self.size


def fault_of(path, size):
    """Where a file stops being UTF-8."""
    with open(path, "rb") as file:
        pieces = Pieces(file, size, 1)
        piece = pieces.next()
        while piece:
            file.seek(piece[0])
            fault = first_fault(file.read(piece[1]))
            if fault >= 0:
                return piece[0] + fault
            piece = pieces.next()
    return size


# --- messages of any length ---------------------------------------------------------


def send(channel, message, kind):
    while len(message) > PART_BYTES:
        channel.send(message[:PART_BYTES], PART)
        message = message[PART_BYTES:]
    channel.send(message, kind)


def whole(channel, message):
    """The message that began with this one."""
    while channel.kind == PART:
        message += channel.recv()
    return message


def batched(fields):
    """The messages that tell the fields, some in each; at least one message."""
    batch = []
    length = 0
    for field in fields:
        batch.append(field)
        length += len(field) + 1
        if length >= BATCH_BYTES:
            yield b" ".join(batch)
            batch = []
            length = 0
    yield b" ".join(batch)


# --- a worker --------------------------------------------------------------------


def work(path):
    """Count the pieces that the parent sends, then answer what it asks."""
    parent = poly.parent()
    tally = Tally(cpu.private_bytes())
    with open(path, "rb") as file:
        message = parent.recv()
        while parent.kind != END:
            try:
                message = whole(parent, message)
                answer(parent, parent.kind, message, file, tally)
            except BadText:
                parent.send(b"", FAILED)
            except MemoryError:
                parent.send(b"memory", FAILED)
            message = parent.recv()


def answer(parent, kind, message, file, tally):
    if kind == PIECE:
        offset, length = struct.unpack("<QI", message)
        file.seek(offset)
        tally.add(file.read(length))
        parent.send(b"", DONE)
        return
    if kind == TOP:
        found = tally.top(int(message))
    elif kind == AT_LEAST:
        found = tally.at_least(int(message))
    else:
        found = tally.totals(message.split())
    for batch in batched(b"%s %d" % pair for pair in found):
        send(parent, batch, WORDS)
    parent.send(b"%d" % tally.word_count, COUNTED)


# --- the nodes that topk asks -------------------------------------------------------


class Own:
    """This core's own tally. It looks while the others do: asked last, it answers at once."""

    def __init__(self):
        self.core = poly.core()
        self.tally = Tally(cpu.private_bytes())

    def ask_top(self, number):
        self.found = self.tally.top(number)

    def ask_at_least(self, least):
        self.found = self.tally.at_least(least)

    def ask_totals(self, words):
        self.found = self.tally.totals(words)

    def words(self):
        return self.found

    def summary(self):
        tally = self.tally
        return tally.piece_count, tally.byte_count, tally.word_count


class Worker:
    """The tally of a program on another core."""

    def __init__(self, core, path):
        self.core = core
        self.child = poly.spawn(core, "wordcount", ("--work", path))
        self.channel = self.child.channel
        self.under_way = 0  # pieces sent and not done
        self.piece_count = self.byte_count = self.word_count = 0
        self.batches = iter(())  # of the words asked about

    def give(self, piece):
        if piece:
            self.channel.send(struct.pack("<QI", piece[0], piece[1]), PIECE)
            self.under_way += 1
            self.piece_count += 1
            self.byte_count += piece[1]

    def take(self, message):
        """Look at an answer; its kind."""
        kind = self.channel.kind
        if kind == FAILED:
            raise MemoryError if message else BadText
        if kind == DONE:
            self.under_way -= 1
        return kind

    def ask_top(self, number):
        self.channel.send(b"%d" % number, TOP)

    def ask_at_least(self, least):
        self.channel.send(b"%d" % least, AT_LEAST)

    def ask_totals(self, words):
        # One batch is under way at a time, or question and answer fill both rings
        # and each side waits for the other to read.
        self.batches = batched(words)
        send(self.channel, next(self.batches), TOTALS)

    def words(self):
        found = []
        while True:
            message = whole(self.channel, self.channel.recv())
            kind = self.take(message)
            if kind == WORDS:
                fields = message.split()
                for at in range(0, len(fields), 2):
                    found.append((fields[at], int(fields[at + 1])))
            elif kind == COUNTED:
                self.word_count = int(message)
                batch = next(self.batches, None)
                if batch is None:
                    return found
                send(self.channel, batch, TOTALS)

    def summary(self):
        return self.piece_count, self.byte_count, self.word_count


# --- the whole ------------------------------------------------------------------------


def hand_out(pieces, file, own, workers, progress):
    """Let everybody count until no piece is left to give."""
    for _ in range(AHEAD):
        for worker in workers:
            worker.give(pieces.next())
    piece = pieces.next()
    while piece:
        file.seek(piece[0])
        own.tally.add(file.read(piece[1]))
        for worker in workers:
            message = worker.channel.try_recv()
            while message is not None:
                worker.take(message)
                worker.give(pieces.next())
                message = worker.channel.try_recv()
        progress(pieces)
        piece = pieces.next()


def hire(path, cores):
    """(workers on other cores, at most so many; lines about cores that refused)."""
    workers = []
    refused = []
    for core in range(poly.cores()):
        if core != poly.core() and len(workers) < cores:
            try:
                workers.append(Worker(core, path))
            except poly.Error as error:
                refused.append("not used: %s" % error)
    return workers, refused


def show_progress(pieces):
    print("\r%3d %%" % (pieces.at * 100 // pieces.size), end="")


def count(path, size, number, cores):
    """Print the most frequent words, then what each core did."""
    workers, refused = hire(path, cores - 1)
    own = Own()
    nodes = [own] + workers
    watched = poly.on_terminal()
    with open(path, "rb") as file:
        pieces = Pieces(file, size, 4 * len(nodes))
        hand_out(pieces, file, own, workers, show_progress if watched else lambda pieces: None)
    if watched:
        print("\r     \r", end="")
    # Asked of the workers first: they get it behind their last piece.
    for count, word in top(workers + [own], number):
        print("%d %s" % (count, word.decode()))
    for node in sorted(nodes, key=lambda node: node.core):
        print("core %d: %d pieces, %d bytes, %d words" % ((node.core,) + node.summary()))
    for line in refused:
        print(line)
    for worker in workers:
        worker.channel.send(b"", END)
        worker.child.wait()
        worker.child.close()


def options(arguments):
    """(file, number of words, number of cores). Raises ValueError."""
    found = {"-n": 20, "--cores": poly.cores()}
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        if rest[0] not in found or len(rest) < 2:
            raise ValueError
        found[rest[0]] = int(rest[1])
        rest = rest[2:]
    if len(rest) != 1 or min(found.values()) < 1:
        raise ValueError
    return rest[0], found["-n"], found["--cores"]


def size_of(path):
    try:
        mode, *_, size = os.stat(path)[:7]
    except OSError:
        raise Trouble("no such file")
    if mode & 0x4000:
        raise Trouble("is a folder")
    return size


def main(arguments):
    # Collected before the heap is full: or the words that stay lie all over it, and no
    # room is left in one piece for a table.
    gc.threshold(cpu.private_bytes() // GARBAGE_PART)
    if arguments[:1] == ["--work"] and poly.parent():
        try:
            work(arguments[1])
            return 0
        except ump.ChannelDied:
            return 1  # whoever asked is gone
    try:
        path, number, cores = options(arguments)
    except ValueError:
        print(USAGE)
        return 2
    name = path
    if not path.startswith("/"):
        path = os.getcwd().rstrip("/") + "/" + path
    try:
        size = size_of(path)
        count(path, size, number, cores)
        return 0
    except BadText:
        trouble = "not UTF-8 from byte %d on" % fault_of(path, size)
    except MemoryError:
        trouble = "more different words than a core's heap holds"
    except ump.ChannelDied as died:
        trouble = "a core was lost: %s" % died.args[1]
    except (Trouble, poly.Error) as error:
        trouble = str(error)
    print("wordcount: %s: %s" % (name, trouble))
    return 1


sys.exit(main(sys.argv[1:]))
