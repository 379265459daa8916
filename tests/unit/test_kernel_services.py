"""Goal: services are found by name or iref, bound, refused, closed, and end with their program
or core; nothing is left behind (TRN-2, TRN-6, MON-1, MON-3, NAM-1, SES-2).
Method: the kernel's Python on simulated cores (host_core.py), with the shipped interfaces."""

import json
import random
import sys
import types
from collections.abc import Callable
from struct import pack_into

import pytest
from host_core import ONLINE, Machine, acting_as
from idl_values import module_of
from service_runs import IDS, RUNS, SERVICES, Run, differences

from polyphone import paths
from polyphone.idl.command import compile_file

interfaces = types.ModuleType("interfaces")
for name in ("echo", "idctest"):
    file = paths.KERNEL / "interfaces" / f"{name}.if"
    setattr(interfaces, name, module_of(compile_file(file).interface))
sys.modules["interfaces"] = interfaces

HASHES = [int(module.HASH, 16) for module in (interfaces.echo, interfaces.idctest)]
CORES = 4
PROGRAMS = {file.name: file.read_text() for file in SERVICES.glob("*.py")}
sys.path.append(str(SERVICES))  # for what they import of each other


def settled(machine: Machine) -> None:
    """All cores wait: what is under way has come to its end."""
    machine.run_until(lambda: all(core.state == ONLINE for core in machine.cores))
    machine.run_until(lambda: not any(machine.may_run(core) for core in machine.cores))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("run", RUNS, ids=IDS)
def test_services_in_any_interleaving(start: Callable[..., Machine], run: Run, seed: int) -> None:
    """NAM-1, SES-1, SES-2, TRN-1, TRN-2, TRN-6, MON-1, MON-3: each run says which it shows"""
    machine = start(seed=seed)
    printed = machine.command(run.command)
    assert not differences(run, printed), printed
    assert not machine.leaks()  # as soon as no program runs
    assert machine.command("services") == ""
    settled(machine)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("run", RUNS, ids=IDS)
def test_an_interrupt_at_any_turn_leaves_nothing(
    start: Callable[..., Machine], run: Run, seed: int
) -> None:
    """MON-3: of the program, and of what it started on other cores"""
    machine = start(seed=seed)
    machine.run_until(machine.prompted)
    machine.type(run.command + "\n")
    machine.run_until(lambda: not machine.prompted())
    for _ in range(random.Random(seed).randrange(400)):
        if not machine.prompted():
            machine.step()
    machine.type("\x03")
    machine.run_until(machine.prompted)
    settled(machine)
    assert machine.prompted(), machine.text()
    assert machine.command("services") == ""
    settled(machine)


@pytest.mark.parametrize("seed", range(6))
def test_the_death_of_a_core_is_told_once(start: Callable[..., Machine], seed: int) -> None:
    """TRN-6, MON-3"""
    machine = start(seed=seed)
    machine.run_until(machine.prompted)
    machine.type("run outlive\n")
    machine.run_until(lambda: b"waiting" in machine.console)
    for _ in range(10 * seed):
        machine.step()
    machine.crash(2, "gone\n")
    machine.run_until(machine.prompted)
    assert "told 1 core 2 died (generation 0)\n" in machine.text()
    settled(machine)


@pytest.mark.parametrize("restarted", [0, 1, 2])
@pytest.mark.parametrize("at", range(0, 75, 3))
def test_any_core_may_be_restarted_at_any_turn(
    start: Callable[..., Machine], restarted: int, at: int
) -> None:
    """NAM-1, MON-3, TRN-6"""
    programs = [
        {"run": f"/rom/{name}.py", "args": args, "cores": [core], "again": True, "heap": 0}
        for core, name, args in ((1, "serve", ["work"]), (2, "work", []))
    ]
    machine = start(seed=at, arguments=json.dumps({"programs": programs}))
    for _ in range(at):
        if any(machine.may_run(core) for core in machine.cores):
            machine.step()
    machine.restart(restarted)
    machine.run_until(lambda: machine.cores[restarted].generation == 1)
    machine.run_until(lambda: all(core.state == ONLINE for core in machine.cores))
    worker = machine.cores[2].kernel.monitor  # what it prints, core 0's last life may have got
    machine.run_until(lambda: worker.startup_left == 0)
    assert worker.startup_status == 0
    machine.type("\n")
    machine.run_until(machine.prompted)
    machine.command("kill 1")
    settled(machine)


def told_at_random(machine: Machine, core: int, seed: int) -> None:
    """Core 3 asks, answers and tells this core whatever there is, and more."""
    from poly import operations as op

    chance = random.Random(seed)
    with acting_as(machine.cores[core]):
        binder = machine.cores[core].kernel.monitor.binder()
        machine.cores[core].in_callback = True
        answer = bytearray(op.MESSAGE_BYTES)
        for _ in range(2000):
            message = bytearray(chance.randbytes(op.MESSAGE_BYTES))
            message[0] = chance.randrange(op.NAMED + 2)
            message[1] = chance.randrange(10)
            message[2] = chance.randrange(8)  # the numbers of records are small
            message[3] = chance.choice((0, 0, 0, 1))
            if chance.random() < 0.5:  # an iref that there may be, and a ring that there may be
                pack_into("<BBHHHIQ", message, 4, 0, 0, 0, 200, 4, 0, chance.choice(HASHES))
            function = chance.choice((binder.on_tell, binder.on_answer, binder.on_ask))
            if function == binder.on_ask:
                function(3, message, answer)
            else:
                function(3, message)
        machine.cores[core].in_callback = False


@pytest.mark.parametrize("seed", range(10))
def test_what_a_core_says_at_random_harms_no_channel_of_others(
    start: Callable[..., Machine], seed: int
) -> None:
    """UMP-7, MON-1"""
    machine = start(seed=seed)
    machine.run_until(machine.prompted)
    machine.type("run outlive\n")
    machine.run_until(lambda: b"waiting" in machine.console)
    for core in (0, 2):
        told_at_random(machine, core, seed)
    for _ in range(1000):
        machine.step()
    assert b"told" not in machine.console
    machine.crash(3, "")  # what it has left ends with it
    machine.run_until(lambda: machine.cores[3].generation == 1)
    machine.type("\x03")
    machine.run_until(machine.prompted)
    settled(machine)


def exported(machine: Machine, core: int) -> list[str]:
    """Names of the services of a core."""
    binder = machine.cores[core].kernel.monitor.bind
    return [service.name for service in binder.exports if service] if binder else []


@pytest.mark.parametrize("seed", range(12))
def test_a_restarted_naming_service_denies_no_name_that_it_has_not_heard_again(
    start: Callable[..., Machine], seed: int
) -> None:
    """NAM-1, SES-2: a look-up that does not wait finds it, a second registration is refused"""
    programs = [
        {"run": f"/rom/{name}.py", "args": args, "cores": [core], "again": True, "heap": 0}
        for core, name, args in ((1, "serve", ["kept"]), (2, "seeker", ["kept", "2"]))
    ]
    machine = start(seed=seed, arguments=json.dumps({"programs": programs}))
    machine.run_until(lambda: machine.cores[0].generation == 2)
    machine.run_until(lambda: any(name.startswith("missed") for name in exported(machine, 2)))
    assert exported(machine, 2) == ["missed 0 taken 0 listed 2"]
    machine.type("\n")
    machine.run_until(machine.prompted)
    machine.command("kill 1; kill 2")
    settled(machine)
