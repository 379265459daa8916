"""mounter: takes away what is mounted, and leaves a file system at / that can do nothing."""

import vfs


class Files:
    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        raise ValueError


for _, folder in vfs.mount():
    vfs.umount(folder)
vfs.mount(Files(), "/")
