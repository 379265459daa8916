"""ports RULE: one of the rules PORT-1 to PORT-6 and CALL-1, on this core; "ok" if it holds."""

import asyncio
import gc
import select
import sys
import time

import cpu
from calls import Call

import poly
from poly.port import COMPLETION, INTERRUPT, POST, TIMER, ports


class Complaint(Exception):
    """What a call failed with."""


def refused(error, function, *args):
    try:
        function(*args)
    except error as found:
        return str(found)
    raise AssertionError("not refused")


def depth_is_a_bound():
    port = poly.Port(depth=3)
    port.post(1)
    port.timer(10_000)
    port.add(Call())
    assert refused(poly.Exhausted, port.post, 4) == "port: 3 of 3 packets reserved"
    assert port.wait(0).status == 1
    port.post(5)
    assert refused(poly.Exhausted, port.timer, 1).startswith("port: 3 of 3")


def packets_come_in_order():
    port = poly.Port()
    for number in range(10):
        port.post(number, key="key%d" % number)
    for number in range(10):
        packet = port.wait()
        assert (packet.kind, packet.status, packet.key) == (POST, number, "key%d" % number)
    assert port.wait(0) is None
    start_ms = time.ticks_ms()
    assert port.wait(30) is None
    assert time.ticks_diff(time.ticks_ms(), start_ms) >= 30


def completions_come_once():
    port = poly.Port()
    call, failing, before = Call("a source"), Call("another"), Call()
    before.finish(3)
    for key, one in enumerate((call, failing, before)):
        port.add(one, key)
    assert port.wait(0).value == 3
    failing.finish(None, Complaint("no"))
    failing.finish(1)
    call.finish(7)
    call.finish(8)
    assert port.wait(0, source="a source").result() == 7
    packet = port.wait()
    assert (packet.kind, packet.key, packet.source) == (COMPLETION, 1, "another")
    refused(Complaint, packet.result)
    assert port.wait(0) is None and port.promised == 0
    under_way = Call()
    port.add(under_way)
    refused(poly.Misuse, port.add, under_way)


def waiting():
    """Of the timers that run, the next first: a slow host may make a later one due before."""
    return [timer.key for _, timer in ports().timers]


def timers_expire():
    port = poly.Port()
    start_ms = time.ticks_ms()
    late, soon = port.timer(40, "late"), port.timer(20, "soon")
    due = waiting()
    never = port.timer(30, "never")
    never.cancel()
    never.cancel()
    assert [port.wait().key, port.wait().key] == due
    assert time.ticks_diff(time.ticks_ms(), start_ms) >= 40
    assert not (late.live or soon.live) and port.promised == 0
    beat = port.timer(5, "beat", period_ms=5)
    cpu.wait(0)
    time.sleep_ms(42)
    count = 0
    while count < 8:
        packet = port.wait()
        assert packet.kind == TIMER and packet.source is beat
        count += packet.value
    beat.cancel()
    assert port.wait(20) is None and port.promised == 0


def interrupts_are_level():
    port = poly.Port()
    interrupt = port.interrupt("bell")
    for _ in range(3):
        cpu.ring(cpu.core(), interrupt.bell)
    packet = port.wait()
    assert (packet.kind, packet.key, packet.source) == (INTERRUPT, "bell", interrupt)
    assert port.wait(0) is None  # three rings before the service are one
    cpu.ring(cpu.core(), interrupt.bell)
    port.serve_all()  # its packet is queued
    cpu.ring(cpu.core(), interrupt.bell)
    port.serve_all()  # rung while that is not taken
    assert port.wait(0) and port.wait(0) and port.wait(0) is None
    interrupt.close()
    assert port.promised == 0


def many_tasks_wait():
    async def main():
        port = poly.Port()
        got = []

        async def take(name):
            got.append((name, (await port.next()).status))

        tasks = [asyncio.create_task(take(name)) for name in "abc"]
        await asyncio.sleep_ms(0)
        for number in range(3):
            port.post(number)
        for task in tasks:
            await task
        assert got == [("a", 0), ("b", 1), ("c", 2)], got
        timers = [port.timer(delay_ms, delay_ms) for delay_ms in (15, 5, 10)]
        due = waiting()
        order = []
        async for packet in port:
            order.append(packet.key)
        assert order == due and len(timers) == 3, order

    asyncio.run(main())


def a_loop_sleeps_in_its_port():
    async def main():
        port = poly.Port()
        interrupt = port.interrupt()
        ticks = []

        async def tick():
            while True:
                ticks.append(1)
                if len(ticks) == 4:
                    port.timer(1)
                await asyncio.sleep_ms(5)

        ticking = asyncio.create_task(tick())
        before = cpu.instructions()
        packet = await port.next()
        assert packet.kind == TIMER and len(ticks) >= 4, ticks
        ticking.cancel()
        cpu.ring(cpu.core(), interrupt.bell)
        assert (await port.next()).kind == INTERRUPT
        return cpu.instructions() - before

    asyncio.run(main())


def a_cancelled_task_waits_no_more():
    async def main():
        call = Call()

        async def wait():
            await call

        task = asyncio.create_task(wait())
        await asyncio.sleep_ms(0)
        task.cancel()
        await asyncio.sleep_ms(0)
        call.finish(1)
        assert await call == 1
        port = poly.Port()
        try:
            await asyncio.wait_for_ms(port.next(), 10)
        except asyncio.TimeoutError:
            port.post("kept")
            assert (await asyncio.wait_for_ms(port.next(), 1000)).status == "kept"
            return
        raise AssertionError("no timeout")

    asyncio.run(main())


def select_takes_a_port():
    port = poly.Port()
    poller = select.poll()
    poller.register(port, select.POLLIN)
    assert poller.poll(0) == []
    port.timer(10, "late")
    ((found, event),) = poller.poll(-1)
    assert found is port and event & select.POLLIN
    assert port.wait(0).key == "late"
    assert poller.poll(1) == []


def do_runs_the_loop():
    call = Call()

    async def finish():
        await asyncio.sleep_ms(5)
        call.finish("done")

    asyncio.create_task(finish())
    poly.Port()
    assert poly.do(call) == "done"
    refused(RuntimeError, Call().result)
    failed = Call()
    failed.finish(None, Complaint("no"))
    refused(Complaint, poly.do, failed)


def nothing_is_left():
    for _ in range(50):
        gc.collect()
        port = poly.Port(4)
        port.timer(10_000)
        port.interrupt().close()


if len(sys.argv) > 1:
    globals()[sys.argv[1]]()
    print("ok")
else:
    names = [name for name in globals() if name[0] != "_"]
    print(" ".join(sorted(n for n in names if n.count("_") and callable(globals()[n]))))
