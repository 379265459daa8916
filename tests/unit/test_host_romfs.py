"""Goal: any folder of a user arrives in the ROMFS byte for byte, aligned, always the
same. Method: round trip through a reader of the format, generated contents."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyphone.errors import UserError
from polyphone.image import romfs

CONTENTS = st.dictionaries(
    st.lists(st.sampled_from(["a", "b", "lib", "x.py"]), min_size=1, max_size=3).map("/".join),
    st.binary(max_size=300),
    max_size=6,
)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def without_clashes(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without files whose name another one uses as a folder."""
    return {
        name: content
        for name, content in files.items()
        if not any(other.startswith(name + "/") for other in files)
    }


@given(CONTENTS)
def test_what_goes_in_comes_out_aligned(files: dict[str, bytes]) -> None:
    files = without_clashes(files)
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), files)
        image = romfs.pack(Path(name))
        assert romfs.pack(Path(name)) == image
    assert romfs.unpack(image) == {f"/rom/{name}": content for name, content in files.items()}
    assert len(image) % 2 == 0


def test_every_file_starts_at_a_multiple_of_four(tmp_path: Path) -> None:
    files = {f"f{length}": bytes([length]) * length for length in range(1, 200)}
    write(tmp_path, files)
    image = romfs.pack(tmp_path)
    for content in files.values():
        places = [at for at in range(0, len(image), 4) if image.startswith(content, at)]
        assert places


def test_the_order_of_the_host_folder_does_not_matter(tmp_path: Path) -> None:
    write(tmp_path / "one", {"b": b"2", "a": b"1", "c/d": b"3"})
    write(tmp_path / "two", {"c/d": b"3", "a": b"1", "b": b"2"})
    assert romfs.pack(tmp_path / "one") == romfs.pack(tmp_path / "two")


def test_without_a_folder_there_is_an_empty_rom() -> None:
    assert romfs.unpack(romfs.pack(None)) == {}


def test_hidden_files_and_caches_stay_out(tmp_path: Path) -> None:
    write(tmp_path, {".git/x": b"", "__pycache__/x.pyc": b"", "x.py": b"1"})
    assert list(romfs.unpack(romfs.pack(tmp_path))) == ["/rom/x.py"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="APPS: '.*nowhere' is not a folder"):
        romfs.pack(tmp_path / "nowhere")


def test_a_name_outside_ascii_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"über.txt": b""})
    with pytest.raises(UserError, match="über.txt': names in a ROMFS are ASCII"):
        romfs.pack(tmp_path)


def test_a_link_into_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(UserError, match="loop' links to a folder that contains it"):
        romfs.pack(tmp_path)


def test_a_dangling_link_and_a_pipe_are_named(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="gone' links to '.*nowhere', which is not there"):
        romfs.pack(tmp_path)
    (tmp_path / "gone").unlink()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe' is neither a file nor a folder"):
        romfs.pack(tmp_path)


# --- interfaces --------------------------------------------------------------------


def test_an_interface_file_has_its_module_beside_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "sub/talk.if": b'import "t.if" as t; interface talk { message m(t.number n); };',
            "sub/t.if": b"alias number uint8;",
        },
    )
    files = romfs.unpack(romfs.pack(tmp_path))
    assert sorted(files) == ["/rom/sub/t.if", "/rom/sub/talk.if", "/rom/sub/talk_if.py"]
    module = files["/rom/sub/talk_if.py"].decode()
    assert "def pack_m(buffer, n):" in module
    compile(module, "talk_if.py", "exec")


def test_a_mistake_in_an_interface_file_is_shown(tmp_path: Path) -> None:
    write(tmp_path, {"talk.if": b"interface talk { message m(unit8 n); };"})
    with pytest.raises(UserError, match=r"(?s)talk.if' has mistakes.*did you mean 'uint8'"):
        romfs.pack(tmp_path)


def test_a_file_in_the_place_of_a_generated_module_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"talk.if": b"interface talk { message m(); };", "talk_if.py": b""})
    with pytest.raises(UserError, match="is also what is made from 'talk.if'"):
        romfs.pack(tmp_path)


def test_folders_that_link_to_each_other_are_named(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / "apps" / name).mkdir(parents=True)
        (tmp_path / "apps" / name / "other").symlink_to(f"../{other}")
    with pytest.raises(UserError, match="a/other/other' links to a folder that contains it"):
        romfs.pack(tmp_path / "apps")
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "here").symlink_to("../up/here")  # to itself: to nothing
    with pytest.raises(UserError, match="here' links to '../up/here', which is not there"):
        romfs.pack(tmp_path / "up")


def test_the_same_folder_may_be_linked_to_twice(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "one.py").write_bytes(b"1")
    for name in ("a", "b"):
        (tmp_path / name).symlink_to("lib")
    packed = romfs.unpack(romfs.pack(tmp_path))
    assert set(packed) == {"/rom/lib/one.py", "/rom/a/one.py", "/rom/b/one.py"}


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refuse)  # root may read everything
    with pytest.raises(UserError, match="cannot be read: Permission denied"):
        romfs.pack(tmp_path)


@pytest.mark.parametrize("name", ["a" * 300, "x/" * 3000, ""])
def test_what_can_be_no_folder_is_none(name: str) -> None:
    with pytest.raises(UserError, match="is not a folder"):
        romfs.pack(Path(name) if name else Path("no such folder"))
