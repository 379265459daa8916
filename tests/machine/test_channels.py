"""Goal: messages between programs on two cores arrive once, whole, in order, whatever happens.
Method: programs that keep ledgers of what they sent and received, at both ends."""

import re
from collections.abc import Callable

import pytest

from polyphone.machine.console import CTRL_C, Console, CoreRepl, Result

MESSAGES = 100_000


@pytest.mark.modes("stress", "single", "exact")
def test_messages_of_all_lengths_and_kinds_come_back(exec: Callable[..., Result]) -> None:
    assert exec("run sizes 64 2 1024", cores=2) == Result("all sizes\n", 0)


@pytest.mark.modes("stress", "exact")
def test_a_hundred_thousand_messages_each_way_at_once(exec: Callable[..., Result]) -> None:
    result = exec(f"run ledger {MESSAGES} 60", cores=2)
    assert result == Result(f"sent {MESSAGES}, received {MESSAGES}, status 0\n", 0)


@pytest.mark.modes("stress", "exact")
def test_trains_both_ways_at_once(exec: Callable[..., Result]) -> None:
    assert exec("run ledger 5000 900", cores=2) == Result(
        "sent 5000, received 5000, status 0\n", 0
    )


@pytest.mark.modes("stress", "single")
def test_all_cores_talk_to_a_neighbour_at_once(exec: Callable[..., Result]) -> None:
    result = exec("run pairs", cores=4)
    assert sorted(result.lines) == ["[2] sent 5000, received 5000, status 0",
                                    "sent 5000, received 5000, status 0"]  # fmt: skip
    assert result.status == 0


@pytest.mark.modes("stress", "exact")
def test_many_tasks_talk_to_many_cores(exec: Callable[..., Result]) -> None:
    result = exec("run tasks", cores=4)
    ends = [f"answer on core {core} ended with status 0" for core in (1, 2, 3)]
    assert result == Result("\n".join([*ends, "talked 600 ticked True\n"]), 0)


@pytest.mark.modes("stress", "exact")
def test_poll_finds_the_channels_that_are_ready(exec: Callable[..., Result]) -> None:
    assert exec("run polled", cores=4) == Result("polled 900\n", 0)


@pytest.mark.modes("stress", "exact")
def test_traffic_with_the_heap_locked_at_both_ends(exec: Callable[..., Result]) -> None:
    assert exec("run locked_traffic", cores=2) == Result("done 2000 0\n", 0)


@pytest.mark.modes("stress", "exact")
@pytest.mark.parametrize("who", ["sender", "receiver"])
def test_an_interrupt_in_the_middle_of_a_train_loses_nothing_else(
    exec: Callable[..., Result], who: str
) -> None:
    assert exec(f"run interrupted_{who}", cores=2) == Result("True interrupted, status 0\n", 0)


@pytest.mark.modes("stress", "single", "exact")
@pytest.mark.parametrize("count, longest, slots", [(3000, 60, 64), (400, 5000, 2), (40, 65535, 8)])
def test_posts_of_any_length_arrive_and_wake_who_sleeps_for_them(
    exec: Callable[..., Result], count: int, longest: int, slots: int
) -> None:
    """UMP-4, UMP-5, UMP-8; between cores and on one."""
    way = f"sent {count} received {count}"
    result = exec(f"run posted {count} {longest} {slots}", cores=2)
    assert result == Result(f"ump {way}\nstatus 0\npair {way} {way}\n", 0)


@pytest.mark.modes("stress", "single", "exact")
def test_what_was_accepted_is_sent_while_its_program_waits_for_something_else(
    exec: Callable[..., Result],
) -> None:
    """UMP-8"""
    assert exec("run put_off", cores=2) == Result("True 60000\nTrue\n60000 0\n", 0)


@pytest.mark.modes("stress", "exact")
def test_doorbells_of_channels_are_taken_by_priority(exec: Callable[..., Result]) -> None:
    """TRN-5, UMP-6."""
    assert exec("run bells", cores=2).lines == [
        "rung [100, 150, 192, 300, 447, 500, 511]",
        "own [70, 130, 200, 449]",
        "levels ((64, 128), (128, 192), (192, 448), (448, 512)) 512",
        "asleep False True [201] True 1",
        "full [True, True, False, False] []",
        "part 100 100 -1 [200] True -1",
        "ValueError: doorbell 63 is not in 64..511",
        "ValueError: doorbell 512 is not in 64..511",
        "ValueError: message of 101 bytes, buffer of 200, at most 100",
        "ValueError: message of 11 bytes, buffer of 10, at most 100",
        "ValueError: message of -1 bytes, buffer of 10, at most 100",
        "ValueError: kind: 63 is not in 0..62",
        "ValueError: messages of up to 100 bytes, buffer of 99",
        "TypeError: object with buffer protocol required",
        "ValueError: slots: 3 is not a power of two from 2 to 1024",
        "ValueError: bell: 512 is not in 0..511",
        "armed True",
        "ChannelDied: peer died",
        "ChannelDied: peer died",
        "ChannelDied: peer died",
    ]


def test_ctrl_c_in_the_middle_of_a_train_and_the_next_message_is_whole(steady: Console) -> None:
    with CoreRepl(steady, 0) as python:
        python.run("import poly, cpu")
        python.run("child = poly.spawn(2, 'slow_reader', slots=4); channel = child.channel")
        assert python.run("channel.recv()") == "b'ready'\n"
        for number in range(5):
            python.console.send(f"print('now'); channel.send(b'train' * 1000, {number})\r")
            python.console.expect(r"now\r\n")
            python.console.send(CTRL_C)
            python.console.expect(r"KeyboardInterrupt: *\r\n>>> ")
            python.run("cpu.this().monitor.offer_input(2, b'g')")  # now it reads
            python.run(f"channel.send(b'after {number}' * 20, 7)")
            assert python.run("channel.recv(), channel.kind") == f"(b'140 after {number}', 7)\n"
        assert python.run("child.close()") == ""


def test_what_a_channel_refuses_is_said_and_harms_nothing(exec: Callable[..., Result]) -> None:
    result = exec("run bounds", cores=3)
    assert result.status == 0, result.output
    lines = [re.sub("0x[0-9a-f]+", "0x?", line) for line in result.lines if line[0] != "["]
    expected = [
        "ValueError: message of 65537 bytes, at most 65536",
        "ValueError: kind: 63 is not in 0..62",
        "ValueError: kind: -1 is not in 0..62",
        "ValueError: message of 5 slots and 0 in reserve, ring of 4",
        "ValueError: message of 1 slots and 4 in reserve, ring of 4",
        "TypeError: can't convert str to int",
        "TypeError: object with buffer protocol required",
        "ValueError: message of 100 bytes, buffer of 99",
        "sent 4, credits 0",
        "closed",
        "ValueError: slots: 3 is not a power of two from 2 to 1024",
        "ValueError: side: 2 is not in 0..1",
        "ValueError: offset: 0x? is not a mapped region of 4096 bytes",
        "ValueError: offset: 0x? is not a mapped region of 4096 bytes",
        "ValueError: offset: 0x? is not a mapped region of 4096 bytes",
        "ValueError: slots: 1 is not a power of two from 2 to 1024",
        "ChannelDied peer died",
    ]
    assert lines == expected


def test_regions_and_doorbells_come_back_to_those_who_hold_many(steady: Console) -> None:
    with CoreRepl(steady, 0) as python:
        python.run("import poly, cpu; arena = cpu.this().arena")
        for _ in range(3):
            for core in (1, 2, 3):
                python.run(f"c{core} = poly.spawn({core}, 'silent', slots=1024)")
            assert python.run("len(arena.taken), len(cpu.this().doorbells.taken)") == "(3, 3)\n"
            python.run("c1.close(); c2.close(); c3.close()")
            assert python.run("arena.used_bytes(), len(arena.taken)") == "(0, 0)\n"
