"""Goal: the shell does what its help says, also where it is used wrongly.
Method: type at the serial console, as a person would; compare output and status."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from holding import APPS

from polyphone.machine.console import PROMPT, Console, Result

COMMANDS = [
    "help", "cores", "ps", "services", "channels", "run", "kill", "restart", "wait", "repl", "ls",
    "cat", "cd", "pwd", "mem", "log", "uptime", "status", "poweroff",
]  # fmt: skip
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"
BACKSPACE, TAB = "\x7f", "\t"
CTRL_A, CTRL_C, CTRL_D, CTRL_E, CTRL_K, CTRL_U = "\x01", "\x03", "\x04", "\x05", "\x0b", "\x15"


def typed(shell: Console, keys: str) -> str:
    """The output of the command line that these keys make; Enter is typed after them."""
    return shell.command(keys)


# --- every command, used rightly --------------------------------------------------------


def test_help_lists_every_command_with_a_meaning(steady: Console) -> None:
    result = steady.run("help")
    assert result.status == 0
    assert [line.split()[0] for line in result.lines] == COMMANDS
    assert all(len(line) > 43 and line[42] == " " for line in result.lines)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_one_command_is_its_line(exec: Callable[..., Result], command: str) -> None:
    result = exec(f"help {command}", cores=1)
    assert result.status == 0
    assert len(result.lines) == 1 and result.output.startswith(command)


def test_cores_has_a_line_a_core(steady: Console) -> None:
    result = steady.run("cores")
    assert result.status == 0
    for core, line in enumerate(result.lines):
        name = "shell" if core == 0 else "idle"
        pattern = rf"core {core}  online   gen 0  {name} +\d+K of 15\.\dM"
        assert re.fullmatch(pattern, line), line
    assert len(result.lines) == 4


def test_cores_and_ps_name_the_running_program_on_its_core(steady: Console) -> None:
    output = steady.run("run look @2").output
    assert "look" in output
    assert re.search(r"core 2: look, started by core 0", output)
    result = steady.run("ps")
    assert re.fullmatch(r"core 0  shell +started by core 0, \d+\.\d{3} s ago\n", result.output)


def test_mem_log_and_uptime_have_the_form_that_help_says(steady: Console) -> None:
    steady.run("run hello @1")
    mem = steady.run("mem")
    assert re.fullmatch(
        r"heap +\d+ of \d+\nshared +0 of \d+ in 0 of \d+ regions\n"
        r"private +16777216 for each core\n",
        mem.output,
    )
    log = steady.run("log")
    assert all(re.fullmatch(r" *\d+ \S.*", line) for line in log.lines)
    assert "hello: started on core 1" in log.output
    assert "hello: ended with status 0" in log.output
    assert re.fullmatch(r"0:0\d:\d\d\n", steady.run("uptime").output)
    assert (mem.status, log.status) == (0, 0)


def test_the_log_keeps_the_newest_entries_only(steady: Console) -> None:
    for number in range(40):
        steady.command(f"run leave {number}")
    lines = steady.run("log").lines
    assert len(lines) == 64
    assert lines[-1].endswith("leave: ended with status 39")
    times = [int(line.split()[0]) for line in lines]
    assert times == sorted(times)


def test_ls_cat_cd_and_pwd_see_the_packed_folder(
    machine: Callable[..., Console], programs: Callable[..., Path]
) -> None:
    long_line = "x" * 5000 + "\n"
    shell = machine(
        apps=programs(
            {
                "one.txt": "first\nsecond\n",
                "sub/two.txt": "no newline at the end",
                "sub/deeper/three.txt": long_line,
                "sub/empty.txt": "",
                "with space.txt": "spaced\n",
                "umlaut.txt": "grüße 漢字\n",
            }
        )
    )
    shell.expect_prompt()

    def run(line: str) -> str:
        result = shell.run(line)
        assert result.status == 0, result.output
        return result.output

    assert run("pwd") == "/\n"
    assert run("ls") == "".join(" " * 10 + name + "/\n" for name in ("ram", "rom"))
    size = (APPS / "census.py").stat().st_size
    assert run("ls /rom").splitlines() == [
        f"{size:9} census.py",
        "       13 one.txt",
        " " * 10 + "sub/",
        "       15 umlaut.txt",
        "        7 with space.txt",
    ]
    assert run("cat /rom/one.txt") == "first\nsecond\n"
    run("cd rom")
    assert run("pwd") == "/rom\n"
    assert run("cat one.txt umlaut.txt") == "first\nsecond\ngrüße 漢字\n"
    assert run("cat 'with space.txt'; cat \"with space.txt\"") == "spaced\nspaced\n"
    run("cd sub/deeper")
    assert run("pwd") == "/rom/sub/deeper\n"
    assert run("cat three.txt") == long_line
    assert run("cat ../empty.txt") == ""
    run("cd ..")
    assert run("ls").split() == ["deeper/", "0", "empty.txt", "21", "two.txt"]
    assert run("cat two.txt; pwd") == "no newline at the end/rom/sub\n"
    assert run("ls ../../rom/./sub/deeper").split() == ["5001", "three.txt"]
    run("cd")
    assert run("pwd") == "/\n"


# --- every command, used wrongly ---------------------------------------------------------

WRONG = [
    ("frobnicate", 127, "poly: frobnicate: no such command; `help` lists them"),
    ("Cores", 127, "poly: Cores: no such command; `help` lists them"),
    ("@2", 127, "poly: @2: no such command; `help` lists them"),
    ("'cores ps'", 127, "poly: cores ps: no such command; `help` lists them"),
    ("help frobnicate", 1, "poly: help: frobnicate: no such command"),
    ("help cores ps", 2, "poly: usage: help [COMMAND]"),
    ("cores 1", 2, "poly: usage: cores"),
    ("ps all", 2, "poly: usage: ps"),
    ("mem 1", 2, "poly: usage: mem"),
    ("log x", 2, "poly: usage: log"),
    ("uptime x", 2, "poly: usage: uptime"),
    ("pwd x", 2, "poly: usage: pwd"),
    ("run", 2, "poly: usage: run PROGRAM [ARGUMENT...] [@CORE|@all]"),
    ("run nothing", 1, "poly: run: nothing: no such program"),
    ("run nothing @2", 1, "poly: run: nothing: no such program"),
    ("run nothing @all", 1, "poly: run: nothing: no such program"),
    ("run /rom", 1, "poly: run: /rom: no such program"),
    ("run /rom/nothing.py", 1, "poly: run: /rom/nothing.py: no such program"),
    ("run hello @4", 1, "poly: run: no core 4: the cores are 0..3"),
    ("run hello @99999999999", 1, "poly: run: no core 99999999999: the cores are 0..3"),
    ("run hello @", 2, "poly: run: @: neither @all nor @ and the number of a core"),
    ("run hello @x", 2, "poly: run: @x: neither @all nor @ and the number of a core"),
    ("run hello @-1", 2, "poly: run: @-1: neither @all nor @ and the number of a core"),
    ("kill", 2, "poly: usage: kill CORE"),
    ("kill 0", 2, "poly: kill: core 0 runs this shell"),
    ("kill 1", 1, "poly: kill: core 1 runs no program"),
    ("kill @1", 1, "poly: kill: core 1 runs no program"),
    ("kill 4", 1, "poly: kill: no core 4: the cores are 0..3"),
    ("kill hello", 2, "poly: kill: hello: not the number of a core"),
    ("repl", 2, "poly: usage: repl CORE"),
    ("repl 4", 1, "poly: repl: no core 4: the cores are 0..3"),
    ("repl x", 2, "poly: repl: x: not the number of a core"),
    ("ls /nothing", 1, "poly: ls: /nothing: no such file or folder"),
    ("ls /rom/census.py", 1, "poly: ls: /rom/census.py: not a folder"),
    ("cat", 2, "poly: usage: cat FILE..."),
    ("cat /nothing", 1, "poly: cat: /nothing: no such file or folder"),
    ("cat /rom", 1, "poly: cat: /rom: is a folder"),
    ("cd /nothing", 1, "poly: cd: /nothing: no such file or folder"),
    ("cd /rom/census.py", 1, "poly: cd: /rom/census.py: not a folder"),
    ("cd / /rom", 2, "poly: usage: cd [FOLDER]"),
    ("poweroff 256", 2, "poly: poweroff: 256: not a number from 0 to 255"),
    ("poweroff now", 2, "poly: poweroff: now: not a number from 0 to 255"),
    ("cores; 'unclosed", 2, "poly: ' is not closed"),
    ('cat "unclosed', 2, 'poly: " is not closed'),
]  # fmt: skip


def test_every_wrong_use_is_one_clear_line_and_a_status(steady: Console) -> None:
    for line, status, message in WRONG:
        assert steady.run(line) == Result(message + "\n", status), line


@pytest.mark.parametrize("cores", [1, 2])
def test_errors_name_the_cores_that_there_are(exec: Callable[..., Result], cores: int) -> None:
    result = exec(f"run hello @{cores}", cores=cores)
    assert result == Result(f"poly: run: no core {cores}: the cores are 0..{cores - 1}\n", 1)


def test_more_arguments_than_fit_a_request_are_refused_with_the_bound(steady: Console) -> None:
    words = "word " * 200
    assert steady.run(f"run arguments {words}").status == 0
    result = steady.run(f"run arguments {words} @1")
    assert result.status == 1
    assert re.fullmatch(
        r"poly: run: arguments: \d+ bytes of folder, name and arguments; \d+ fit a request\n",
        result.output,
    )


# --- the line ---------------------------------------------------------------------------


def test_words_quotes_and_places(steady: Console) -> None:
    for line, arguments in [
        ("run arguments", []),
        ("  run   arguments  a   b  ", ["a", "b"]),
        ("run arguments 'a  b' \"c;d\" e'f'g", ["a  b", "c;d", "efg"]),
        ("run arguments '' \"\"", ["", ""]),
        ('run arguments "it\'s" \'say "so"\'', ["it's", 'say "so"']),
        ("run arguments '@2'", ["@2"]),
        ("run arguments @2 x", ["@2", "x"]),
    ]:
        expected = str(["/rom/arguments.py", *arguments]) + "\n"
        assert steady.run(line) == Result(expected, 0), line
        assert steady.run(line + " @0") == Result(expected, 0), line
        assert steady.run(line + " @3") == Result("[3] " + expected, 0), line


def test_exec_takes_words_of_any_script(exec: Callable[..., Result]) -> None:
    for place, prefix in (("", ""), (" @1", "[1] ")):
        result = exec(f"run arguments ümläut 漢{place}")
        assert result.output == f"{prefix}['/rom/arguments.py', '\\xfcml\\xe4ut', '\\u6f22']\n"


def test_semicolons_separate_commands_and_the_last_status_counts(steady: Console) -> None:
    assert steady.run("pwd; pwd;pwd ;").output == "/\n/\n/\n"
    assert steady.run("nonsense; pwd").status == 0
    assert steady.run("pwd; nonsense").status == 127
    assert steady.run("nonsense; status").output.splitlines()[1] == "127"
    assert steady.run(";;  ; pwd;;").output == "/\n"
    assert steady.run("run leave 3; status; run leave 4").lines == ["3"]
    assert steady.command("status") == "0\n"  # of the `status` that run() typed


def test_an_empty_line_changes_nothing(steady: Console) -> None:
    steady.command("run leave 5")
    for line in ("", "   ", ";", " ; ;"):
        assert steady.command(line) == ""
    assert steady.command("status") == "5\n"


def test_lines_typed_ahead_are_run_in_order(steady: Console) -> None:
    steady.send("".join(f"run arguments {number}\r" for number in range(50)))
    for number in range(50):
        steady.expect(re.escape(f"['/rom/arguments.py', '{number}']"))
    steady.expect_prompt()


def test_a_line_of_a_thousand_characters_is_taken_whole(steady: Console) -> None:
    word = "abcdefghi " * 100
    assert steady.run(f"run arguments '{word}'").output == f"['/rom/arguments.py', '{word}']\n"


def test_ctrl_c_at_the_prompt_drops_the_line(steady: Console) -> None:
    steady.send("cores and more" + CTRL_C)
    steady.expect_prompt()
    assert steady.command("status") == "130\n"
    for _ in range(20):
        steady.send(CTRL_C)
        steady.expect_prompt()
    assert steady.command("pwd") == "/\n"


def test_ctrl_d_at_the_prompt_does_not_end_the_shell(steady: Console) -> None:
    for _ in range(3):
        steady.send(CTRL_D)
        steady.expect_prompt()
    assert steady.command("pwd") == "/\n"
    assert steady.command("pw" + CTRL_D + "d") == "/\n"


# --- line editing, history, completion ------------------------------------------------------

EDITED = [
    ("run arguments abd" + LEFT + "c", ["abcd"]),
    ("run arguments abX" + BACKSPACE + "c", ["abc"]),
    ("run arguments Xabc" + LEFT * 4 + DELETE, ["abc"]),
    ("arguments a" + HOME + "run " + END + "b", ["ab"]),
    ("arguments a" + CTRL_A + "run " + CTRL_E + "b", ["ab"]),
    ("run arguments a rest" + LEFT * 5 + CTRL_K, ["a"]),
    ("nonsense" + CTRL_U + "run arguments a", ["a"]),
    ("run arguments ab" + LEFT * 2 + RIGHT + "-", ["a-b"]),
    ("run arguments x" + BACKSPACE * 100 + "run arguments y", ["y"]),
]


def test_keys_edit_the_line(steady: Console) -> None:
    for keys, arguments in EDITED:
        output = typed(steady, keys)
        assert output.endswith(str(["/rom/arguments.py", *arguments]) + "\n"), (keys, output)


def test_arrow_up_and_down_go_through_the_history(steady: Console) -> None:
    for word in ("one", "two", "three"):
        steady.command(f"run arguments {word}")
    assert "'three'" in typed(steady, UP)
    assert "'two'" in typed(steady, UP * 2)
    assert "'three'" in typed(steady, UP * 3 + DOWN)
    # What was run again is the newest again: three, two, three, two, one.
    assert "'one-more'" in typed(steady, UP * 5 + "-more")
    assert "'one-more'" in typed(steady, UP)
    assert typed(steady, UP * 100 + DOWN * 100 + "pwd").endswith("/\n")


def test_the_shell_and_python_have_histories_of_their_own(steady: Console) -> None:
    steady.command("run arguments shell")
    steady.command("repl 0", prompt=">>> ")
    steady.command("print('python')", prompt=">>> ")
    assert "python" in steady.command(UP, prompt=">>> ")
    assert "shell" not in steady.command(UP * 3, prompt=">>> ")
    steady.send(CTRL_D)
    steady.expect_prompt()
    assert "'shell'" in typed(steady, UP * 2)


COMPLETED = [
    ("cor" + TAB, "core 0  online"),
    ("upt" + TAB, "0:0"),
    ("he" + TAB, "list the commands"),
    ("help co" + TAB, "cores "),
    ("run argu" + TAB + " x", "['/rom/arguments.py', 'x']"),
    ("run hel" + TAB, "hello from core 0 of 4"),
    ("run /rom/argu" + TAB + " y", "['/rom/arguments.py', 'y']"),
    ("run hello @3" + TAB, "[3] hello from core 3 of 4"),
    ("run hello @a" + TAB, "[2] hello from core 2 of 4"),
    ("cat /ro" + TAB + "argu" + TAB, '"""Prints what it was given."""'),
    ("ls /ro" + TAB, "arguments.py"),
    ("cd ro" + TAB + "; pwd", "/rom/"),
    ("pwd; upt" + TAB, "0:0"),
    ("cat nothing-there" + TAB, "poly: cat: nothing-there: no such file or folder"),
]


def test_tab_completes_commands_programs_files_and_cores(steady: Console) -> None:
    for keys, expected in COMPLETED:
        steady.command("cd /")
        output = typed(steady, keys)
        assert expected in output or (expected == "/rom/" and "/rom\n" in output), (keys, output)


OFFERED = [
    ("r", ["repl", "restart", "run"]),
    ("c", ["cat", "cd", "channels", "cores"]),
    ("kill ", ["0", "1", "2", "3"]),
    ("repl ", ["0", "1", "2", "3"]),
    ("run hello @", ["@0", "@1", "@2", "@3", "@all"]),
]


def test_tab_offers_what_there_is_to_choose_from(steady: Console) -> None:
    for line, words in OFFERED:
        steady.send(line + TAB)
        steady.expect(re.escape("  ".join(words)) + r"\r\n")
        steady.expect(re.escape(PROMPT + line))  # the line is there again
        steady.send(CTRL_C)
        steady.expect_prompt()


# --- exec -----------------------------------------------------------------------------------


def test_exec_prints_only_what_the_commands_print(exec: Callable[..., Result]) -> None:
    assert exec("pwd") == Result("/\n", 0)
    assert exec("cd rom; pwd; status") == Result("/rom\n0\n", 0)
    assert exec("run tail") == Result("no newline at the end", 0)


def test_exec_returns_the_status_of_the_last_command(exec: Callable[..., Result]) -> None:
    for line, status in [
        ("run leave 3", 3),
        ("run leave", 0),
        ("run leave 255", 255),
        ("run leave 3 @2", 3),
        ("run leave 4 @all", 4),
        ("run leave 3; pwd", 0),
        ("nonsense", 127),
        ("run", 2),
        ("cat /nothing", 1),
        ("run leave 3; poweroff 6; run leave 4", 6),
        ("'", 2),
    ]:
        assert exec(line).status == status, line


def test_a_script_goes_on_after_a_command_that_fails(exec: Callable[..., Result]) -> None:
    result = exec("pwd; nonsense; cat /nothing; run leave 7 @1; status; kill 1; pwd")
    assert result == Result(
        "/\npoly: nonsense: no such command; `help` lists them\n"
        "poly: cat: /nothing: no such file or folder\n7\n"
        "poly: kill: core 1 runs no program\n/\n",
        0,
    )
