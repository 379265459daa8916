"""A core's start, once MicroPython runs: the order in which the kernel comes up.

The one file of `poly` that knows servers and shell: it puts them together. What is
imported here every core has from the start (cpu/snapshot.h), in its own memory; what only
commands and programs need comes with the first of them: always in folder /, where no
file of the user's can come first.
"""

import json
import os
import sys

import cpu
import vfs

from poly import limits, ram
from poly.core import Core
from poly.deadline import Deadline
from poly.rom import Rom
from servers.monitor import Monitor
from servers.screen import Screen
from shell.shell import Shell

STATUS_RESTARTED = 255  # as a panic: the commands of `exec` did not end


def prepare():
    """What is the same on every core of every machine. Each then begins with main()."""
    rom = Rom()  # now that all is imported: an import looks for files first
    own_ram = ram.Ram()
    vfs.mount(rom, "/")
    vfs.mount(own_ram, ram.FOLDER)
    os.chdir("/")
    sys.path.extend(ram.IMPORTED)
    cpu.stream_period(limits.RETRY_MS)
    cpu.on_start(lambda: main(rom, own_ram))


def main(rom, own_ram):
    """Runs on every core and does not return."""
    image = cpu.romfs()
    if image is not None:
        rom.give(image)
    kernel = Core(boot_arguments(), own_ram)
    cpu.this(kernel)
    kernel.monitor = Monitor(kernel)
    if cpu.is_console():
        run_shell(kernel)
    else:
        serve_forever(kernel)


def boot_arguments():
    text = cpu.arguments()
    return {} if text == "{}" else json.loads(text)


def serve_forever(kernel):
    """The main loop of a core without a console. Its monitor takes the requests."""
    kernel.monitor.start()
    starting = kernel.monitor.startup_left > 0
    while True:
        try:
            if starting:
                starting = False
                from poly import startup

                startup.start_here(kernel)
            while kernel.monitor.request is None:
                wait_at_console(kernel)
            from poly import serve

            serve.serve(kernel, kernel.monitor.take_request())
        except KeyboardInterrupt:
            pass  # it was meant for a program that is gone
        except MemoryError:
            if kernel.own_console is None:
                raise
            kernel.own_console.forget()  # who sits there has left no room for a program


def serve_console(kernel):
    """Do what there is to do at this core's own console: run what was typed there, or serve
    what was exported; milliseconds until there is more, -1: until something happens."""
    if cpu.own_input():
        if kernel.own_console is None:
            from servers.console import Console

            kernel.own_console = Console(kernel)
        kernel.own_console.serve()
        return 0
    if kernel.own_console is None:
        return -1
    if kernel.ports is None and "asyncio.core" not in sys.modules:
        return -1
    return kernel.own_console.attend()


def wait_at_console(kernel):
    left_ms = serve_console(kernel)
    if left_ms:
        cpu.wait(left_ms)


def run_shell(kernel):
    kernel.screen = Screen()
    kernel.serve_console = lambda: serve_console(kernel)
    cpu.on_own_input(lambda: wait_at_console(kernel))
    kernel.monitor.start()
    kernel.log.add("the shell starts on " + cpu.board())
    wait_for_cores(kernel)
    if cpu.generation():
        kernel.monitor.news.say(
            "core %d: restarted, generation %d" % (kernel.number, cpu.generation())
        )
        if "exec" in kernel.arguments:
            cpu.exit(STATUS_RESTARTED)  # its commands were under way, who knows where
    if "programs" in kernel.arguments:
        from poly import startup

        startup.wake_others()
    status = Shell(kernel).run()
    cpu.exit(status)


def wait_for_cores(kernel):
    """Until every core serves its doorbells; one that does not is left behind."""
    deadline = Deadline(limits.START_MS)
    for core in range(cpu.cores()):
        while cpu.state(core) == cpu.STARTING:
            if not deadline.wait():
                kernel.log.add("core %d: not up after %d ms" % (core, limits.START_MS))
                break
