"""Goal: /ram keeps what was written whatever happens meanwhile, and errors of files say which.
Method: random work beside a model, faults and kills at random; the small cases one by one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS
from test_consoles import links, mpremote  # noqa: F401

from polyphone.machine.console import Console, Result

PLACES = ["", " @1"]
Programs = Callable[..., Path]
Exec = Callable[..., Result]


def only(result: Result) -> str:
    """The output of commands that ended well, without cores' names."""
    assert result.status == 0, result.output
    return result.output.replace("[1] ", "")


# --- whatever happens ------------------------------------------------------------------------


@pytest.mark.parametrize("mem", ["2M", "16M"])
@pytest.mark.parametrize("place", PLACES)
def test_random_work_with_full_and_locked_heaps_and_a_full_disk_keeps_every_file(
    exec: Exec, mem: str, place: str
) -> None:
    steps = 600 if mem == "2M" else 150
    out = exec(f"run files_model 5 {steps}{place}", apps=APPS, cores=2, mem=mem)
    done, full = [int(word) for word in only(out).split() if word.isdigit()]
    assert done > steps // 2
    assert full or mem != "2M"


@pytest.mark.parametrize("seed", range(3))
def test_a_block_device_in_python_may_raise_at_any_call(exec: Exec, seed: int) -> None:
    out = exec(f"run files_faults {seed} 500", apps=APPS, cores=1)
    assert "raised 3" in only(out) or "raised 4" in only(out)


def test_interrupts_and_kills_leave_no_file_in_ram_half_changed(exec: Exec) -> None:
    assert only(exec("run files_stop 3 150", apps=APPS, cores=2)) == "stopped 150 times\n"


def test_a_core_that_restarts_while_it_writes_has_an_empty_ram_that_works(
    exec: Exec, programs: Programs
) -> None:
    apps = programs(
        {
            "begin.py": "import time, poly\nw = poly.spawn(1, 'writer')\ntime.sleep_ms(50)\n"
            "import cpu\ncpu.restart(1)\n",
            "writer.py": "while True:\n    with open('/ram/x', 'w') as f:\n"
            "        f.write('x' * 9000)\n",
            "after.py": "import os, time\nprint(os.listdir('/ram'))\n"
            "open('/ram/y', 'w').write('y')\n",
        }
    )
    out = exec("run begin; run after @1; run after @1", apps=apps, cores=2)
    assert "[1] []\n[1] ['y']\n" in out.output


# --- files that nobody closed ------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_the_collector_saves_files_that_nobody_closed(
    exec: Exec, programs: Programs, place: str
) -> None:
    program = """
import gc
for n in range(40):
    open("/ram/%d" % n, "w").write("%d " % n * 100)
    if n % 8 == 7:
        gc.collect()
gc.collect()
junk = [bytearray(64) for _ in range(3000)]
print([n for n in range(39) if open("/ram/%d" % n).read() != "%d " % n * 100])
"""
    assert only(exec("run leave" + place, apps=programs({"leave.py": program}), cores=2)) == "[]\n"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "end", ["", "1 / 0", "raise SystemExit(3)", "while True: hog.append(hog[:])"]
)
def test_a_programs_end_saves_the_files_that_it_left_open(
    exec: Exec, programs: Programs, place: str, end: str
) -> None:
    program = f"""
kept = [open("/ram/a", "w"), open("/ram/b", "w")]
for file in kept:
    file.write("of old")
hog = [1]
{end}
"""
    apps = programs({"leave.py": program, "look.py": "print(open('/ram/a').read())\n"})
    out = exec(f"run leave{place}; run look{place}", apps=apps, cores=2).output
    assert out.replace("[1] ", "").endswith("of old\n")


@pytest.mark.parametrize("place", PLACES)
def test_a_file_that_cannot_be_saved_at_the_end_is_told(
    exec: Exec, programs: Programs, place: str
) -> None:
    program = """
with open("/ram/big", "wb") as big:
    big.write(bytes(50000))
big = open("/ram/big", "r+b")
big.write(b"changed")  # the rest must be copied when it is saved
with open("/ram/all", "wb") as file:
    try:
        while True:
            file.write(bytes(1000))
    except OSError as error:
        print(error.errno)
"""
    look = "import os\nprint(os.stat('/ram/big')[6])\nos.remove('/ram/all')\nopen('/ram/c', 'w')\n"
    apps = programs({"fill.py": program, "look.py": look})
    out = only(exec(f"run fill{place}; run look{place}", apps=apps, cores=2, mem="2M"))
    assert out == "28\n/ram/big: left open, not saved: ENOSPC\n50000\n"


@pytest.mark.parametrize("place", PLACES)
def test_a_programs_end_saves_files_on_what_it_mounted_itself(
    exec: Exec, programs: Programs, place: str
) -> None:
    program = """
import vfs
class Disk:
    memory = bytearray(64 * 512)
    def readblocks(self, block, buffer, offset=0):
        for i in range(len(buffer)):
            buffer[i] = self.memory[block * 512 + offset + i]
    def writeblocks(self, block, buffer, offset=0):
        if b"to be kept" in buffer:
            print("written")
        for i in range(len(buffer)):
            self.memory[block * 512 + offset + i] = buffer[i]
    def ioctl(self, what, argument):
        return {4: 64, 5: 512}.get(what, 0)
disk = Disk()
vfs.VfsLfs2.mkfs(disk)
vfs.mount(vfs.VfsLfs2(disk), "/own")
file = open("/own/x", "w")
file.write("to be kept")
print("end")
"""
    apps = programs({"own.py": program})
    assert only(exec(f"run own{place}; ls /ram", apps=apps, cores=2)) == "end\nwritten\n"


def test_a_write_without_room_keeps_what_was_written_before(
    exec: Exec, programs: Programs
) -> None:
    program = """
import os
count = 0
with open("/ram/log", "w") as log:
    try:
        while True:
            log.write("%9d\\n" % count)
            count += 1
    except OSError as error:
        print(error.errno)
with open("/ram/log") as log:
    print(count > 10000, all([log.readline() == "%9d\\n" % n for n in range(1000)]))
    log.seek(10 * (count - 1))
    print(log.readline() == "%9d\\n" % (count - 1))
os.remove("/ram/log")
with open("/ram/log", "w") as log:
    print(log.write("again"))
"""
    apps = programs({"fill.py": program})
    assert only(exec("run fill", apps=apps, cores=1, mem="2M")) == "28\nTrue True\nTrue\n5\n"


def test_a_soft_reset_saves_the_prompts_files_and_a_program_leaves_them_open(
    links: dict[int, Path],  # noqa: F811
    shell: Console,
) -> None:
    for core in (0, 2):
        mpremote(links[core], "exec", "f = open('/ram/f', 'w'); print(f.write('of the prompt'))")
        assert shell.run(f"run hello @{core}").status == 0
        more = "print(f.write(', more')); open('/ram/g', 'w').write('lost')"
        mpremote(links[core], "resume", "exec", more)
        look = "print(open('/ram/f').read(), open('/ram/g').read())"
        assert mpremote(links[core], "exec", look) == "of the prompt, more lost\n"
        assert mpremote(links[core], "soft-reset", "exec", look) == "of the prompt, more lost\n"
    assert not shell.panics()


# --- /ram of every program ---------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_programs_and_modules_in_ram_are_found_on_the_core_that_runs_them(
    exec: Exec, programs: Programs, place: str
) -> None:
    put = """
import os
os.mkdir("/ram/lib")
for name, text in (("made", "import part, other\\nprint(part.word, other.word)"),
                   ("part", "word = 'found'"), ("lib/other", "word = 'too'")):
    with open("/ram/%s.py" % name, "w") as file:
        file.write(text)
"""
    apps = programs({"put.py": put, "uses.py": "import part\nprint(part.word)\n"})
    commands = f"run put{place}; run made{place}; run /ram/made.py{place}; run uses{place}"
    assert only(exec(commands, apps=apps, cores=2)) == "found too\nfound too\nfound\n"


def test_what_is_in_ram_of_one_core_is_no_program_of_another(
    exec: Exec, programs: Programs
) -> None:
    apps = programs({"put.py": "open('/ram/made.py', 'w').write('print(1)')\n"})
    for there, elsewhere in (("", " @1"), (" @1", "")):
        out = exec(f"run put{there}; run made{there}; run made{elsewhere}", apps=apps, cores=2)
        assert out.output.replace("[1] ", "") == "1\npoly: run: made: no such program\n"
        assert out.status == 1


def test_the_shell_goes_to_ram_and_back(exec: Exec, programs: Programs) -> None:
    apps = programs(
        {"put.py": "import os\nos.mkdir('/ram/d')\nopen('/ram/d/x', 'w').write('x\\n')\n"}
    )
    out = exec("run put; ls /ram; cd /ram/d; ls; cat x; ls ..; cd ../../rom; pwd", apps=apps)
    assert only(out) == "          d/\n        2 x\nx\n          d/\n/rom\n"


def test_ram_takes_from_the_heap_only_where_it_is_written_to(
    exec: Exec, programs: Programs
) -> None:
    program = """
import gc, os
def total():
    gc.collect()
    return gc.mem_alloc() + gc.mem_free()
before = total()
try:
    open("/ram/x")
except OSError as error:
    print(error)
print(os.listdir("/ram"), os.statvfs("/ram")[2], before - total())
open("/ram/x", "w").close()
print(os.listdir("/ram"), os.statvfs("/ram")[2], before - total())
"""
    out = only(exec("run total", apps=programs({"total.py": program}), cores=1))
    assert out == f"[Errno 2] ENOENT: /ram/x\n[] 2048 0\n['x'] 2048 {2 << 20}\n"


def test_with_a_full_heap_the_first_write_has_no_room_and_later_ones_do(
    exec: Exec, programs: Programs
) -> None:
    program = """
import gc
name = "/ram/x"
hog = []
try:
    while True:
        hog.append(bytearray(1000))
except MemoryError:
    hog.pop()
    hog.pop()
try:
    open(name, "w")
except (OSError, MemoryError) as error:
    print(type(error).__name__)
hog = None
gc.collect()
with open(name, "w") as file:
    print(file.write("x"))
"""
    out = only(exec("run full", apps=programs({"full.py": program}), cores=1))
    assert out == "OSError\n1\n"


def test_a_heap_limit_leaves_ram_what_is_beyond_it(exec: Exec, programs: Programs) -> None:
    program = "import gc\nwith open('/ram/x', 'wb') as f:\n    print(f.write(bytes(1000000)))\n"
    program += "gc.collect()\nprint((gc.mem_alloc() + gc.mem_free()) >> 20)\n"
    apps = programs({"big.py": program})
    file = apps / "system.toml"
    file.write_text('[[program]]\nrun = "big"\ncore = 1\nheap = "4M"\n')
    assert only(exec("wait", apps=apps, system=file, cores=2)) == "1000000\n4\n"


# --- errors ------------------------------------------------------------------------------------

ERRORS = [
    ("open('/rom/x', 'w')", "[Errno 30] EROFS: /rom/x"),
    ("open('/x', 'a')", "[Errno 30] EROFS: /x"),
    ("open('/rom/x', 'x')", "[Errno 30] EROFS: /rom/x"),
    ("open('/rom/none')", "[Errno 2] ENOENT: /rom/none"),
    ("open('none')", "[Errno 2] ENOENT: none"),
    ("open('/')", "[Errno 21] EISDIR: /"),
    ("open('/ram', 'w')", "[Errno 21] EISDIR: /ram"),
    ("os.mkdir('/rom/d')", "[Errno 30] EROFS: /rom/d"),
    ("os.mkdir('/d')", "[Errno 30] EROFS: /d"),
    ("os.mkdir('/ram')", "[Errno 17] EEXIST: /ram"),
    ("os.mkdir('/ram/no/d')", "[Errno 2] ENOENT: /ram/no/d"),
    ("os.remove('/rom/x')", "[Errno 30] EROFS: /rom/x"),
    ("os.rmdir('/rom')", "[Errno 30] EROFS: /rom"),
    ("os.rmdir('/ram')", "[Errno 16] EBUSY: /ram"),
    ("os.rename('/rom/a', '/rom/b')", "[Errno 30] EROFS: /rom/a"),
    ("os.rename('/rom/a', '/ram/b')", "[Errno 18] EXDEV: /rom/a"),
    ("os.stat('/ram/x')", "[Errno 2] ENOENT: /ram/x"),
    ("os.chdir('/ram/x')", "[Errno 2] ENOENT: /ram/x"),
    ("os.listdir('/rom/x')", "[Errno 2] ENOENT: /rom/x"),
    ("open('/ram/' + 'n' * 256, 'w')", "[Errno 36] ENAMETOOLONG: /ram/" + "n" * 256),
]


def test_an_error_names_the_file_and_the_reason(exec: Exec, programs: Programs) -> None:
    program = f"import os\nfor line in {[line for line, _ in ERRORS]}:\n"
    program += "    try:\n        eval(line)\n    except OSError as error:\n        print(error)\n"
    out = only(exec("run errors", apps=programs({"errors.py": program}), cores=1))
    assert out.splitlines() == [error for _, error in ERRORS]


def test_all_of_os_is_there_everywhere(exec: Exec, programs: Programs) -> None:
    program = """
import os, vfs
for folder in ("/", "/rom", "/ram"):
    os.chdir(folder)
    print(os.getcwd(), os.stat(folder)[0], len(os.statvfs(folder)), sorted(os.listdir()) ==
          sorted([entry[0] for entry in os.ilistdir(folder)]), os.sync())
print(os.listdir("/"), [folder for _, folder in vfs.mount()])
"""
    out = only(exec("run every", apps=programs({"every.py": program}), cores=1))
    assert out == (
        "/ 16384 10 True None\n/rom 16384 10 True None\n/ram 16384 10 True None\n"
        "['ram', 'rom'] ['/ram', '/']\n"
    )
