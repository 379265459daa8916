"""Packs a folder as MicroPython's ROMFS, the read-only file system that all cores
see in place.

The same folder always gives the same bytes. Names starting with a dot and
`__pycache__` are left out. File contents come first, aligned, and the folders
after them point there. Beside an interface file `name.if` lies the module that is
made from it, `name_if.py`.
"""

import os
from pathlib import Path

from mpremote.romfs import VfsRomWriter

from polyphone.errors import UserError

ALIGNMENT = 4  # of every file's first byte: its content may be read as words where it lies
# mpremote's header varies with the length; ours does not (leading 0x80 bytes change
# no number), so that what is aligned in the payload is aligned in RAM.
LENGTH_BYTES = 5
HEADER_BYTES = len(VfsRomWriter.ROMFS_HEADER) + LENGTH_BYTES


def pack(apps: Path | None) -> bytes:
    """A ROMFS whose only top folder is `rom`, with the content of `apps` (None: empty)."""
    writer = VfsRomWriter()
    root: dict[str, object] = {}
    if apps is not None:
        if not os.path.isdir(apps):
            raise UserError(f"APPS: '{apps}' is not a folder")
        root = _place_contents(writer, apps, ())
    _write_folder(writer, "rom", root)
    return _with_constant_header(writer.finalise())


def _place_contents(
    writer: VfsRomWriter, folder: Path, around: tuple[tuple[int, int], ...]
) -> dict[str, object]:
    """Write the contents of all files below; name -> (size, offset) or a dict for a folder.
    `around` are the folders that led here, as the host's file system knows them."""
    try:
        found = folder.stat()
        paths = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise UserError(f"APPS: '{folder}' cannot be read: {error.strerror}") from None
    here = (found.st_dev, found.st_ino)
    if here in around:
        raise UserError(f"APPS: '{folder}' links to a folder that contains it")
    entries: dict[str, object] = {}
    for path in paths:
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if not path.name.isascii():
            raise UserError(f"APPS: '{path}': names in a ROMFS are ASCII")
        if os.path.isdir(path):
            entries[path.name] = _place_contents(writer, path, (*around, here))
        elif os.path.isfile(path):
            try:
                content = path.read_bytes()
            except OSError as error:
                raise UserError(f"APPS: '{path}' cannot be read: {error.strerror}") from None
            entries[path.name] = _place_content(writer, content)
            if path.suffix == ".if":
                _place_module(writer, path, entries)
        elif path.is_symlink():
            raise UserError(f"APPS: '{path}' links to '{os.readlink(path)}', which is not there")
        else:
            raise UserError(f"APPS: '{path}' is neither a file nor a folder")
    return entries


def _place_module(writer: VfsRomWriter, path: Path, entries: dict[str, object]) -> None:
    """Compile an interface file; one of types only has no module."""
    from polyphone.idl.command import module  # few folders need the compiler
    from polyphone.idl.diagnostics import InterfaceError

    made = path.with_name(f"{path.stem}_if.py")
    if made.exists():
        raise UserError(f"APPS: '{made}' is also what is made from '{path.name}'")
    try:
        text = module(path)
    except InterfaceError as error:
        raise UserError(f"APPS: '{path}' has mistakes\n\n{error}".rstrip()) from None
    if text is not None:
        entries[made.name] = _place_content(writer, text.encode())


def _place_content(writer: VfsRomWriter, content: bytes) -> tuple[int, int]:
    record = writer._pack(writer.ROMFS_RECORD_KIND_DATA_VERBATIM, content)
    start = writer._extend(b"") + HEADER_BYTES + len(record) - len(content)
    missing = -start % ALIGNMENT
    if missing:
        # A padding record takes two bytes besides its payload.
        payload = bytes((missing - 2) % ALIGNMENT)
        writer._extend(writer._pack(writer.ROMFS_RECORD_KIND_PADDING, payload))
    return len(content), writer.mkdata(content)


def _write_folder(writer: VfsRomWriter, name: str, entries: dict[str, object]) -> None:
    writer.opendir(name)
    for entry, value in entries.items():
        if isinstance(value, dict):
            _write_folder(writer, entry, value)
        else:
            writer.mkfile(entry, value)
    writer.closedir()


def _with_constant_header(image: bytes) -> bytes:
    magic = VfsRomWriter.ROMFS_HEADER
    end = len(magic)
    length = 0
    while True:
        length = length << 7 | image[end] & 0x7F
        end += 1
        if not image[end - 1] & 0x80:
            break
    payload = image[end:]
    assert len(payload) == length
    if len(payload) % 2:
        # The whole must be a multiple of two: a padding record of three bytes.
        payload += bytes([VfsRomWriter.ROMFS_RECORD_KIND_PADDING, 1, 0])
    number = VfsRomWriter()._encode_uint(len(payload))
    return bytes(magic + number.rjust(LENGTH_BYTES, b"\x80") + payload)


def unpack(image: bytes) -> dict[str, bytes]:
    """The files of a ROMFS by path: what a kernel would find in it."""
    kind, start, end = _record(image, 0)
    if kind != 0x14A6B1:
        raise ValueError("not a ROMFS")
    files: dict[str, bytes] = {}
    _read_entries(image[start:end], 0, end - start, "", files)
    return files


def _number(image: bytes, at: int) -> tuple[int, int]:
    value = 0
    while True:
        value = value << 7 | image[at] & 0x7F
        at += 1
        if not image[at - 1] & 0x80:
            return value, at


def _record(image: bytes, at: int) -> tuple[int, int, int]:
    kind, at = _number(image, at)
    length, at = _number(image, at)
    return kind, at, at + length


def _read_entries(payload: bytes, at: int, end: int, path: str, files: dict[str, bytes]) -> None:
    while at < end:
        kind, start, following = _record(payload, at)
        if kind in (
            VfsRomWriter.ROMFS_RECORD_KIND_DIRECTORY,
            VfsRomWriter.ROMFS_RECORD_KIND_FILE,
        ):
            length, start = _number(payload, start)
            name = path + "/" + payload[start : start + length].decode()
            _read_entries(payload, start + length, following, name, files)
        elif kind == VfsRomWriter.ROMFS_RECORD_KIND_DATA_POINTER:
            size, start = _number(payload, start)
            offset, start = _number(payload, start)
            files[path] = payload[offset : offset + size]
        at = following
