"""What the system file starts: each core starts its own programs, one after the other.

They come as the boot argument "programs". On core 0 they run before the shell's
first prompt. A core that was restarted runs those again that the file wants again.
Imported only where there is a system file with programs.
"""

import cpu

from poly import limits, program
from poly.core import STATUS_DIED, STATUS_INTERRUPTED
from poly.errors import Error, PeerBroke
from poly.program import Program

STARTED_BY = 0  # core whose console the file's programs write to


def start(kernel, on_terminal=False):
    """Run this core's programs to their ends. One that is killed takes the rest with it."""
    monitor = kernel.monitor
    try:
        for entry in own_entries(kernel):
            status = run_entry(kernel, entry, on_terminal)
            monitor.startup_status = max(monitor.startup_status, status)
            monitor.startup_left -= 1
            if status == STATUS_INTERRUPTED:
                break
    finally:
        monitor.startup_left = 0
        monitor.rest()


def own_entries(kernel):
    again = cpu.generation() > 0
    return [
        entry
        for entry in kernel.arguments["programs"]
        if kernel.number in entry["cores"] and (entry["again"] or not again)
    ]


def start_here(kernel):
    """The same on a core without a console, whose output core 0 shows, once it is up."""
    while cpu.state(STARTED_BY) == cpu.STARTING:
        cpu.wait()
    start(kernel)


def wake_others():
    """Core 0 is up: ends the wait of start_here()."""
    for core in range(cpu.cores()):
        if core != STARTED_BY:
            cpu.ring(core, cpu.URGENT)


def run_entry(kernel, entry, on_terminal):
    """Run one program; its exit status. What goes wrong is told in one line after its output."""
    task = Program(program.short_name(entry["run"]), STARTED_BY, on_terminal=on_terminal)
    here = cpu.is_console()
    if not here:
        try:
            kernel.monitor.route_output(STARTED_BY)
        except Error as error:  # nobody is there to see it
            kernel.log.add("%s: not started: %s" % (task.name, error))
            return 1
        kernel.console = STARTED_BY
        cpu.new_input(True)
    try:
        return run_limited(kernel, task, entry)
    finally:
        if not here:
            kernel.monitor.end_output(STARTED_BY)


def run_limited(kernel, task, entry):
    try:
        limit_heap(kernel, entry["heap"])
    except ValueError as error:
        print("poly: %s: not started: %s" % (task.name, error))
        return 1
    try:
        status = program.run(kernel, task, entry["run"], entry["args"])
    finally:
        limit_heap(kernel, 0)
    if status:
        print("poly: %s: ended with status %d" % (task.name, status))
    return status


def limit_heap(kernel, limit):
    cpu.heap_limit(limit)
    kernel.monitor.heap_bytes = 0  # to be looked at again


def wait(kernel):
    """Until no core has a program of the system file left to end; the largest status."""
    while True:
        left = worst = 0
        for core, status in enumerate(kernel.monitor.statuses()):
            if cpu.panics(core, limits.UPTIME_MS):  # it may have been restarted since
                worst = STATUS_DIED
            if not isinstance(status, Error):
                left += status.startup_left
                worst = max(worst, status.startup_status)
            elif isinstance(status, PeerBroke) or cpu.state(core) == cpu.STOPPED:
                worst = STATUS_DIED
            else:  # busy, or about to be restarted
                left += 1
        if left == 0:
            return worst
        cpu.wait(limits.LOOK_AGAIN_MS)
