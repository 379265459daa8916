"""The read-only file system that the host packed, with a current folder.

MicroPython's VfsRom reads files in place but stays in its root folder. This gives
it paths relative to any folder; files are still VfsRom's own.
"""

import vfs

from poly.paths import absolute, is_folder

NOT_A_FOLDER = 20
READ_ONLY = 30
WRITING = "wax+"  # letters of modes that do
EMPTY = b"\xd2\xcd\x31\x00"  # an image's magic bytes, and that nothing follows


def writes(mode):
    """Whether a file that is opened in this mode may be written."""
    for letter in mode:
        if letter in WRITING:
            return True
    return False


class Rom:
    """Empty, until it is given what the host packed."""

    def __init__(self):
        self.give(EMPTY)
        self.folder = "/"

    def give(self, image):
        self.files = vfs.VfsRom(image)

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def open(self, path, mode):
        if writes(mode):
            raise OSError(READ_ONLY)
        return self.files.open(absolute(path, self.folder), mode)

    def stat(self, path):
        return self.files.stat(absolute(path, self.folder))

    def statvfs(self, path):
        return self.files.statvfs("/")

    def ilistdir(self, path):
        return self.files.ilistdir(self.folder_at(path))

    def chdir(self, path):
        self.folder = self.folder_at(path)

    def folder_at(self, path):
        path = absolute(path, self.folder)
        if not is_folder(self.files.stat(path)):
            raise OSError(NOT_A_FOLDER)
        return path

    def getcwd(self):
        return self.folder
