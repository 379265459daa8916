"""This core, as the CPU driver gives it. One VM, one core: nothing here is shared.

The kernel's Python reaches RAM and devices only through this module and `ump`.
Numbers of cores run from 0; a core number out of range raises ValueError that
names the range.
"""

from typing import Any, Callable, Iterable, Optional, overload

URGENT: int  # doorbells 0 .. URGENT-1 belong to monitors: doorbell n is rung by core n
DOORBELLS: int  # doorbells of a core, the urgent ones included
BELL_LEVELS: tuple[tuple[int, int], ...]  # (first, end) of the others; the first are served first

STARTING: int
ONLINE: int
DEAD: int  # it panicked, and may be restarted
STOPPED: int  # it panicked, and is given up
PANICS_KEPT: int  # so many of a core's last panics are counted

READ: int  # accesses, for probe()
WRITE: int
JUMP: int

def core() -> int:
    """Number of this core."""

def cores() -> int:
    """How many cores the machine has."""

def generation(core: int = ...) -> int:
    """How often that core has been restarted (this core without argument)."""

def state(core: int) -> int:
    """STARTING, ONLINE, DEAD or STOPPED."""

def known(core: int) -> bool:
    """Whether that core is STARTING or ONLINE in the generation that this core has met."""

def meet(core: int, generation: int) -> bool:
    """Say that this core has cut all use of what it shared with lives of `core` before
    `generation`; False if it had said so."""

def met_by(core: int) -> bool:
    """Whether `core` has met this core's present life."""

def set_untold(count: int) -> None:
    """How many names core 0's present life has not heard of this core. Set before meet()."""

def untold(core: int) -> bool:
    """Whether there are any of that core, which has met core 0's life."""

def turns(core: int) -> int:
    """How often that core's VM had a turn to serve what is urgent, modulo 2**32. A core that
    was rung and has none is in one long call of C, or hangs."""

def panics(core: int, period_ms: int) -> int:
    """How often that core panicked in the last `period_ms`; at most PANICS_KEPT."""

def restart(core: int) -> None:
    """Take a core to its start, whatever it does. Returns before that happens; of
    this core, it does not return."""

def revive(core: int) -> bool:
    """Restart a DEAD core; False if it was not DEAD, or a core that lives is restarting it."""

def give_up(core: int) -> bool:
    """Make a DEAD core STOPPED; False if it was not DEAD."""

def online() -> None:
    """Tell the other cores that this one serves its doorbells."""

def arguments() -> str:
    """The boot arguments: a JSON object, '{}' if the host gave none."""

def board() -> str:
    """The board's name, as in boards/."""

def romfs() -> Optional[memoryview]:
    """The read-only file system that the host packed, in place; None without."""

def private_bytes() -> int:
    """Private RAM of this core: page tables, data, stacks and heap."""

def instructions() -> int:
    """Instructions retired. Under `-icount` this counts those of all cores, exactly."""

def exit(status: int = 0) -> None:
    """End the machine; `status` (0..255) reaches the host. OSError(EPERM) but on core 0."""

# --- waiting ---------------------------------------------------------------

def wait(timeout_ms: int = -1) -> None:
    """Sleep until something happened on this core: a doorbell, a device, input.

    Returns at once if something happened since the last wait returned; may
    return early. Negative: no deadline. Handles pending callbacks and raises a
    pending KeyboardInterrupt.
    """

# --- doorbells and the monitor ----------------------------------------------

def stream_period(period_ms: int) -> None:
    """How long a wait for a stream of Python lasts before that is asked again."""

def alarm(from_now_ms: int) -> None:
    """End the wait that is under way, or the next ones, at that time; -1: no more."""

def on_urgent(callback: Callable[[None], None]) -> None:
    """Run `callback(None)` at the next bytecode boundary after an urgent doorbell."""

def patience(ms: int) -> None:
    """From now on the second Ctrl-C for what runs here restarts this core if the VM has no
    turn within `ms`; it is said on the console after a quarter of that. 0: never."""

def companions(cores: Iterable[int]) -> None:
    """From now on such a Ctrl-C is for the programs of these cores as well: those that have no
    turn either are restarted with this one."""

def hang(how: int) -> None:
    """Test hook. 1: a loop in C with interrupts masked, for ever; 2: the same in the
    handler of the next urgent doorbell's interrupt; 3: recursion in C until the stack's end."""

def undisturbed(function: Callable[[Any], Any], argument: Any) -> Any:
    """function(argument), with no callback run before it returns."""

def take_urgent() -> int:
    """A core that rang since it was last taken, or -1. Lowest number first, each once
    before any of them again.

    This core's own number: an interrupt character came.
    """

def ring(core: int, doorbell: int) -> None:
    """Ring a doorbell of another core (or this one)."""

def take_bell() -> int:
    """The next doorbell of a channel that rang here, or -1. It may be one that nobody has.

    Of the highest level that has one, in rounds: each once before any of them again. But
    after 8 of one level, while lower ones wait, it is the turn of those.
    """

def latch(doorbell: int) -> None:
    """As if this doorbell of a channel had rung here: whoever has more to do comes again
    after all others of its level."""

def interrupt(again: bool = False) -> None:
    """Raise KeyboardInterrupt in what runs on this core, at the next bytecode boundary;
    `again`: and from then on at each one, until settle()."""

def settle() -> None:
    """Raise no KeyboardInterrupt any more, nor one that has not arrived yet."""

def interrupts() -> int:
    """How many interrupt characters came on the shell's console, here."""

def report(core: int) -> Optional[str]:
    """The panic report that core left, or None."""

# --- shared RAM ---------------------------------------------------------------

def mesh(core: int) -> Optional[int]:
    """Offset in the shared window of the page that this core's monitor shares with
    `core`'s, mapped; None while it may still hold traces of an earlier life of either.

    Zeroes it first if that is this core's to do. OSError: no room for a page table.
    """

def arena(core: int = ...) -> tuple[int, int]:
    """(offset, length) in the shared window of the RAM whose regions that core hands out
    (this core without argument)."""

def map(offset: int, length: int) -> None:
    """Map a region of the shared window, read-write. OSError if not whole pages of it."""

def unmap(offset: int, length: int) -> None:
    """Unmap it: an access traps from now on, and the trap names the offset."""

def zero(offset: int, length: int) -> None:
    """Fill a mapped region with zeros."""

def shared(offset: int, length: int) -> memoryview:
    """That part of the shared window. Access traps where it is not mapped."""

def probe(address: int, access: int) -> Optional[str]:
    """Load from (READ) or store to (WRITE) an address of this core, or JUMP there, for tests.

    None if that went through; a store leaves what is there. Else the cause of the trap and
    what the address is, as a panic report tells it. A jump goes to the next place in that
    page whose code comes straight back.
    """

# --- console --------------------------------------------------------------------

def is_console() -> bool:
    """Whether this core owns the serial console."""

def output(channel: Any = None, kind: int = 0, reserve: int = 0) -> None:
    """Where this core's standard output goes: as single-slot messages of `kind`
    on `channel`, never taking the last `reserve` credits; None: the serial
    console if this core owns it, else nowhere."""

def feed(data: bytes, length: int = -1) -> int:
    """Append bytes (the first `length`) to this core's standard input; returns how many were
    taken. An interrupt character raises KeyboardInterrupt as on a serial line; what is behind
    it is not taken."""

@overload
def take_input() -> int: ...
@overload
def take_input(most: int) -> bytes:
    """A byte of this core's standard input, or -1; up to so many bytes: what a core does that
    passes its input on to another."""

def unread(data: bytes) -> None:
    """Put bytes before the input of the shell's console: whoever took them passed them on
    to somebody who did not read them."""

def new_input(ended: bool) -> None:
    """Of a core that does not own the shell's console: drop what came from it for the
    program before. For the next program more may come, or (`ended`) nothing, which it is told
    where input can end: under `exec`, and under `run` without a terminal."""

def end_input() -> None:
    """Nothing more comes from the shell's console for the program here."""

def input_ended() -> bool:
    """Whether standard input has ended: there is none, and none will come."""

def input_taken(core: int) -> int:
    """How many bytes of the shell's console were read on a core, in all its lives, modulo
    2 to the 32nd; also of a core that is dead."""

def input_wanted(core: int) -> bool:
    """Whether the program on a core reads from the shell's console. When it begins to, it
    rings core 0."""

def interrupt_char(char: int) -> int:
    """Input byte that raises KeyboardInterrupt from now on; -1: none. Returns the one before.

    Such bytes that wait in the shell's console are taken out, and raise it now."""

def readline(prompt: str, complete: Callable[[str], list[str]]) -> Optional[str]:
    """A line from the console, with editing and a history of its own.

    `complete(text before the cursor)` gives the candidates for its last word.
    None on Ctrl-D with an empty line; KeyboardInterrupt on Ctrl-C.
    """

def hide_line() -> bool:
    """Take the line that readline() edits off the console, before other output; whether
    there is one."""

def show_line() -> None:
    """Draw it again."""

def repl(wait: Callable[[], None]) -> None:
    """MicroPython's own REPL on this core's standard input and output, until Ctrl-D.

    While it waits for input and a port is in use (calls.use()), it calls wait(), and prints
    what that raises."""

def serial_write(data: bytes, *part: int) -> None:
    """Write to the serial line, whatever standard output is: all of `data`, its first
    `length` bytes, or `length` from `offset` (offset, length). OSError on other cores."""

# --- this core's own console ---------------------------------------------------------

def attach_own(own: bool) -> bool:
    """From now on standard input and output are the own console, or (False) the
    shell's; returns whether they were the own one."""

def own_input() -> bool:
    """Whether something was typed at the own console and waits."""

def own_begin() -> None:
    """Begin its Python prompt anew: banner and prompt, friendly or raw as it was."""

def own_serve() -> bool:
    """Give the prompt what was typed, and run what that completes. True: it was told
    to leave (Ctrl-D, SystemExit). The own console must be attached."""

def on_own_input(callback: Callable[[], None]) -> None:
    """Call this while readline() waits, when the own console has input or a port is in use.
    It does what there is to do, or waits."""

# --- the heap ------------------------------------------------------------------------

def ram_disk(bytes: int) -> Any:
    """A block device for littlefs, of at most so many bytes: less if the heap has little room.

    Its memory comes from the heap's end, for as long as this core lives. OSError (ENOSPC) if
    next to nothing is free there."""

def heap_limit(limit: int) -> None:
    """From now on the heap of this core has `limit` bytes; 0: all there are.

    Frees what is not used first. ValueError if what is used reaches beyond that."""

# --- what belongs to this core -------------------------------------------------------

def this(core: Any = ...) -> Any:
    """The kernel object of this core; with an argument, set it."""

def on_start(function: Callable[[], Any]) -> None:
    """Every life of every core begins with a call of the function, which does not return.
    Only before the snapshot is taken, of which all have a copy: for the kernel's imports."""

def forget_scheduled() -> None:
    """Forget what micropython.schedule() was given and has not called yet."""

def forget_programs() -> None:
    """Forget that, what programs have put into the module builtins, and asyncio's tasks."""
