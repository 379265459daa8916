"""Paths of files. Pure."""

FOLDER = 0x4000  # in the mode that os.stat() and os.ilistdir() give


def absolute(path, folder):
    """`path` as seen from `folder`, without "." and ".."."""
    if not path.startswith("/"):
        path = folder + "/" + path
    parts = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def is_folder(stat):
    return stat[0] & FOLDER != 0
