"""Goal: what guests print becomes figures only if it can be trusted. Method: made-up
output, runs, logs and benchmarks; no machine."""

import pytest

from polyphone.bench import guest, interpreter, trace, words
from polyphone.bench.guest import BenchError


def test_output_is_objects_and_text():
    output = guest.parse('hello\n{"a": 1, "b": 2.5}\n\n{"a": 3}\n')
    assert output.objects == [{"a": 1, "b": 2.5}, {"a": 3}]
    assert output.text == ["hello"]
    assert output.merged() == {"a": 3, "b": 2.5}


def runs(*results):
    remaining = iter(results)
    return lambda: next(remaining)


def test_two_runs_within_a_thousandth_agree():
    assert guest.exactly(runs({"a": 10_000, "b": 0}, {"a": 10_009, "b": 0})) == {
        "a": 10_009,
        "b": 0,
    }


def test_two_runs_further_apart_give_no_figure():
    with pytest.raises(BenchError, match="a: 10000 and 10011"):
        guest.exactly(runs({"a": 10_000}, {"a": 10_011}))


def test_two_runs_with_different_figures_give_none():
    with pytest.raises(BenchError, match="b: None and 2"):
        guest.exactly(runs({"a": 1}, {"a": 1, "b": 2}))


def test_the_folder_for_a_guest_has_programs_and_files():
    with guest.folder({"text.txt": b"words"}) as folder:
        assert (folder / "text.txt").read_bytes() == b"words"
        assert (folder / "stamp.py").exists()
    assert not folder.exists()


LOG = b"""
IN: symbol
Trace 0: 0x7f0000000100 [0000000000000000/0000000080000000/00000003/ff000201] reset
Trace 3: 0x7f0000000100 [0000000000000000/0000000080000000/00000003/ff000201] reset
Stopped execution of TB chain before 0x7f0000000100 [0000000080000000] reset
Trace 3: 0x7f0000000100 [0000000000000000/0000000080000000/00000003/ff000201] reset"""


def test_a_block_that_was_entered_but_not_executed_does_not_count():
    assert trace.executed(LOG) == 2
    assert (trace.executed(LOG, 0), trace.executed(LOG, 3)) == (1, 1)


def test_words_are_counted_as_cpython_does():
    text = "The the THE caf\u00e9 \u00c9 don't x1y 42 _ z".encode()
    # Ties by code point; only ASCII letters are lower-cased.
    assert words.expected(text) == [
        "3 the", "1 caf\u00e9", "1 don", "1 t", "1 x", "1 y", "1 z", "1 \u00c9",
    ]  # fmt: skip


def test_a_benchmark_counts_instructions_where_upstream_reads_a_clock(monkeypatch, tmp_path):
    runner = f"def bm_run(N, M):\n    try:\n        {interpreter.CLOCK}\n    except: pass\n"
    (tmp_path / "benchrun.py").write_text(runner)
    (tmp_path / "bm_a.py").write_text("# a\n")
    monkeypatch.setattr(interpreter, "FOLDER", tmp_path)
    script = interpreter.script("bm_a").decode()
    assert "cpu import instructions" in script and "ticks_us, ticks_diff" not in script
    compile(script, "bm_a", "exec")
    (tmp_path / "benchrun.py").write_text("other")
    with pytest.raises(BenchError, match="time from elsewhere"):
        interpreter.script("bm_a")


def test_left_out_benchmarks_have_a_reason(monkeypatch, tmp_path):
    for name in ("benchrun", "bm_chaos", "bm_fft", "viper_call0"):
        (tmp_path / f"{name}.py").touch()
    monkeypatch.setattr(interpreter, "FOLDER", tmp_path)
    assert interpreter.benchmarks() == ["bm_chaos", "bm_fft", "viper_call0"]
    assert interpreter.skipped(["native_check"]) == {
        "viper_call0": "the target has no native code emitter"
    }
    assert interpreter.skipped([]) == {}
