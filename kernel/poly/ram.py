"""The file system in this core's RAM: /ram. Empty at the core's start, and gone with it.

littlefs, as on a board with flash, on a block device in C. Its memory is taken from the
heap when something is first written, so a core that writes nothing has its whole heap.
littlefs needs none besides, so no full heap, interrupt or kill comes in its midst.

Files that are open belong to whoever opened them: the prompt (owner 0), or the program
that runs (1, and one more for each that runs within another).
"""

import cpu
import vfs

from poly.paths import absolute
from poly.rom import Rom, writes

FOLDER = "/ram"
IMPORTED = (FOLDER, FOLDER + "/lib")  # folders at the end of sys.path
SHARE = 8  # at most this part of a core's RAM: 2 MiB of 16
BLOCK_BYTES = 1024  # cpu/ram_disk.c
LOOKAHEAD_BYTES = 64  # of the allocator: a bit for each block
NAME_BYTES = 255


class Ram(Rom):
    """Reads as an empty Rom does, until something is written."""

    def __init__(self):
        super().__init__()
        self.disk = None
        self.made = False
        self.owner = 0

    def make(self):
        """Have a file system to write to. Raises OSError (ENOSPC) if there is no memory for it."""
        if not self.made:
            cpu.undisturbed(Ram.make_undisturbed, self)

    def make_undisturbed(self):
        if self.disk is None:
            self.disk = cpu.ram_disk(cpu.private_bytes() // SHARE)
            vfs.VfsLfs2.mkfs(self.disk)
        files = vfs.VfsLfs2(self.disk, lookahead=LOOKAHEAD_BYTES, mtime=False)
        files.owner(self.owner, FOLDER)
        self.files = files
        self.made = True

    def open(self, path, mode):
        if writes(mode):
            self.make()
        return self.files.open(absolute(path, self.folder), mode)

    def mkdir(self, path):
        self.make()
        self.files.mkdir(absolute(path, self.folder))

    def remove(self, path):
        self.make()
        self.files.remove(absolute(path, self.folder))

    def rmdir(self, path):
        self.make()
        self.files.rmdir(self.folder_at(path))

    def rename(self, path, new_path):
        self.make()
        self.files.rename(absolute(path, self.folder), absolute(new_path, self.folder))

    def statvfs(self, path):
        if self.made:
            return self.files.statvfs("/")
        blocks = cpu.private_bytes() // SHARE // BLOCK_BYTES
        return (
            BLOCK_BYTES,
            BLOCK_BYTES,
            blocks,
            blocks - 2,
            blocks - 2,
            0,
            0,
            0,
            0,
            NAME_BYTES,
        )

    def sync(self):
        """Save what was written to files that are open. Raises OSError."""
        if self.made:
            self.files.sync()

    def own(self, owner):
        """Files that are opened from now on belong to this owner; who owned them before."""
        before, self.owner = self.owner, owner
        if self.made:
            self.files.owner(owner, FOLDER)
        return before

    def close_files(self, owner):
        """Save and close the files of this owner and those within; a line for each that
        cannot be saved. Allocates nothing."""
        if self.made:
            self.files.close_files(owner)
