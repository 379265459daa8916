"""A file system in the core's heap, for what is copied to it: /ram.

littlefs, as on a board with flash, on blocks that take room only once they are
written. It lives as long as the core.
"""

import cpu
import vfs

FOLDER = "/ram"
BLOCK_BYTES = 1024
SHARE = 8  # at most this part of a core's RAM: 2 MiB of 16
LOOKAHEAD_BYTES = 64  # of the allocator: a bit for each block

BLOCK_COUNT, BLOCK_SIZE = 4, 5  # what ioctl() is asked; all else is done with nothing


class Ram:
    """The block device below."""

    def __init__(self):
        self.blocks = [None] * (cpu.private_bytes() // SHARE // BLOCK_BYTES)
        self.made = False

    def mount(self):
        """Mount it, if it is not; the folder."""
        if FOLDER not in [folder for _, folder in vfs.mount()]:
            if not self.made:
                vfs.VfsLfs2.mkfs(self)
                self.made = True
            vfs.mount(vfs.VfsLfs2(self, lookahead=LOOKAHEAD_BYTES, mtime=False), FOLDER)
        return FOLDER

    def readblocks(self, number, buffer, offset):
        block = self.blocks[number]
        if block is not None:
            buffer[:] = memoryview(block)[offset : offset + len(buffer)]

    def writeblocks(self, number, buffer, offset):
        if self.blocks[number] is None:
            self.blocks[number] = bytearray(BLOCK_BYTES)
        self.blocks[number][offset : offset + len(buffer)] = buffer

    def ioctl(self, what, argument):
        if what == BLOCK_COUNT:
            return len(self.blocks)
        return BLOCK_BYTES if what == BLOCK_SIZE else 0
