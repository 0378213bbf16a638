"""Takes protections out, one at a time, and sees whether the tests notice.

python tests/support/mutants.py                 all of them, those in csrc too (minutes to compile)
python tests/support/mutants.py checksum fsync  these

Each is taken out in a copy of the tree, where the tests that should catch it are run. They must
fail there, and pass in a copy from which nothing was taken. Tests that hang would count as caught,
and are told apart.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from root import ROOT

#: Seconds after which the tests of a mutant are ended.
_PATIENCE = 900
_CHECKPOINT = "tests/run/test_checkpoint.py"
_HOSTILE_RUN = "tests/train/test_hostile_run.py"


class Mutant(NamedTuple):
    """A protection: its file, what is put in the place of what, and the tests that catch it."""

    file: str
    changes: tuple[tuple[str, str], ...]
    tests: tuple[str, ...]

    @property
    def native(self) -> bool:
        """Whether the engine must be compiled for it."""
        return self.file.startswith("csrc/")


MUTANTS = {
    "checksum": Mutant(
        "charlm/run/sealed_file.py",
        (("hashlib.sha256(data[:offset])", "hashlib.sha256()"),
         ("digest.update(data[offset + 64 :])", "return data[offset : offset + 64].decode()")),
        (f"{_CHECKPOINT}::test_any_flipped_byte_is_found",),
    ),
    "length": Mutant(
        "charlm/run/sealed_file.py",
        (("    if length < expected:\n", "    if False:\n"),
         ("    if length < 8 + size:\n", "    if False:\n")),
        (f"{_CHECKPOINT}::test_a_file_cut_at_any_byte_is_incomplete",),
    ),
    "keys once": Mutant(
        "charlm/run/sealed_file.py",
        (("    if len(result) < len(pairs):\n", "    if False:\n"),),
        (f"{_CHECKPOINT}::test_a_key_that_stands_twice_is_refused_at_every_depth",),
    ),
    "format version": Mutant(
        "charlm/run/sealed_file.py",
        (("or version > kind.version:", "or False:"),),
        (f"{_CHECKPOINT}::test_wrong_metadata_is_named",),
    ),
    "tensors as declared": Mutant(
        "charlm/run/checkpoint.py",
        (("    for name, entry in declared.items():\n", "    for name, entry in ():\n"),),
        (f"{_CHECKPOINT}::test_wrong_tensors_are_named",),
    ),
    "header cap": Mutant(
        "charlm/run/sealed_file.py",
        (("_MAX_HEADER = 2**20", "_MAX_HEADER = 2**62"),),
        (f"{_CHECKPOINT}::test_a_monstrous_header_is_refused_unread",
         f"{_CHECKPOINT}::test_700_000_tensors_are_refused_before_parsing"),
    ),
    "finite check": Mutant(
        "charlm/run/checkpoint.py",
        (("if not np.isfinite(tensor).all():", "if False:"),),
        (f"{_CHECKPOINT}::test_weights_that_are_no_numbers_are_refused",),
    ),
    "fsync": Mutant(
        "charlm/run/regular_file.py",
        (("    os.fsync(file)\n", "    pass\n"),),
        ("tests/train/test_faults.py::test_a_call_that_fails_costs_nothing_that_was_there",),
    ),
    "rename": Mutant(
        "charlm/run/regular_file.py",
        (("= _TEMPORARY + secrets.token_hex(8)\n    descriptor", "= name\n    descriptor"),
         ("os.O_CREAT | os.O_EXCL, mode)", "os.O_CREAT | os.O_TRUNC, mode)")),
        ("tests/train/test_faults.py::test_a_call_that_fails_costs_nothing_that_was_there",
         f"{_CHECKPOINT}::test_a_reader_beside_a_writer_sees_the_old_file_or_the_new"),
    ),
    "survived saves": Mutant(
        "charlm/train/keep/saver.py",
        (("        except SURVIVED as error:", "        except ZeroDivisionError as error:"),),
        ("tests/train/test_train.py::test_a_full_disk_is_a_warning",),
    ),
    "second signal": Mutant(
        "charlm/train/keep/signals.py",
        (("        if self.received:\n", "        if False:\n"),),
        ("tests/train/test_signals.py::test_the_second_signal_leaves_at_once",),
    ),
    "new beginning": Mutant(
        "charlm/train/keep/folder.py",
        (("    if left and not (left == [RUN_LOG] and has_only_begun(path)):", "    if left:"),),
        ("tests/train/test_start.py::test_the_same_command_begins_again_what_saved_nothing",),
    ),
    "sweep": Mutant(
        "charlm/run/regular_file.py",
        (("        if name.startswith(_TEMPORARY):\n", "        if False:\n"),),
        ("tests/train/test_odd_folders.py"
         "::test_what_can_be_neither_written_nor_removed_is_no_run",),
    ),
    "threads of the screen": Mutant(
        "tui/threads.py",
        (("        except BaseException as error:", "        except ZeroDivisionError as error:"),),
        ("tests/screen/shell/test_unforeseen.py::test_a_thread_outlives_what_it_did_not_foresee",),
    ),
    "failure of one job": Mutant(
        "tui/writer/worker.py",
        (("Failed(request.number, said)", "Failed((self._request or request).number, said)"),),
        ("tests/screen/shell/test_unforeseen.py"
         "::test_a_text_that_is_wanted_no_longer_takes_no_other_with_it",),
    ),
    "lines of a program": Mutant(
        "tui/training/child.py",
        (("                    except BaseException as error:",
          "                    except ZeroDivisionError as error:"),),
        ("tests/screen/shell/test_unforeseen.py::test_the_lines_of_a_program",),
    ),
    "end of what is kept": Mutant(
        "tui/writer/kept/keeper.py",
        (("            self._try(job)\n", "            job.do()\n"),),
        ("tests/screen/shell/test_unforeseen.py::test_what_is_kept_at_the_end",),
    ),
    "lock": Mutant(
        "charlm/run/lock.py",
        (("        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)", "        pass"),),
        ("tests/run/test_layout.py::test_one_process_trains_a_run",),
    ),
    "display filter": Mutant(
        "charlm/display.py",
        (("return _HIDDEN.sub(_escape, text)", "return text"),),
        ("tests/engine/test_values.py::test_nothing_dangerous_passes_the_filter",
         "tests/screen/shell/test_terminal.py::test_runs"),
    ),
    "markup off": Mutant(
        "tui/shell/steady_app.py",
        (("        markup: bool = False,", "        markup: bool = True,"),
         ("severity, timeout, markup)", "severity, timeout, True)")),
        ("tests/screen/train/test_train.py::test_a_failed_training_shows_why_in_every_view",),
    ),
    "width check in C++": Mutant(
        "csrc/decode/beam.cpp",
        (("    check(options.width >= 1 && options.width <= 131072,"
          ' "width must be from 1 to 131072");\n', ""),),
        ("tests/engine/test_door.py::test_a_width_is_in_range_even_for_no_prompts",),
    ),
    "time budget of advance": Mutant(
        "csrc/session/session.h",
        (("            if (now >= budget_ms) break;\n", ""),),
        ("tests/engine/test_engine.py::test_a_call_without_time_does_a_part_of_a_position",),
    ),
    "late Ctrl-C": Mutant(
        "charlm/errors.py",
        (("    sys.excepthook, sys.unraisablehook = _leave_or_tell, _leave_or_tell_of\n", ""),),
        ("tests/train/test_storms.py::test_a_late_ctrl_c_is_no_traceback",),
    ),
    "end of a daemon thread": Mutant(
        "csrc/bindings/released.h",
        (("            for (;;) std::this_thread::sleep_for(std::chrono::hours(1));", "throw;"),),
        ("tests/engine/test_ending.py::test_a_daemon_thread_in_native_code_does_not_abort_the_end",),
    ),
    "weights_only": Mutant(
        "charlm/train/keep/old_resume.py",
        (("weights_only=True", "weights_only=False"),),
        ("tests/train/test_resume_file.py::test_an_old_file_that_is_damaged_or_lies_is_one_line",),
    ),
    "owner": Mutant(
        "charlm/run/owner.py",
        (("        if owner not in trusted_users():", "        if False:"),),
        (f"{_HOSTILE_RUN}::test_the_text_of_another_users_run_is_not_opened_unasked",),
    ),
    "file that everybody may write": Mutant(
        "charlm/run/owner.py",
        (("status.st_mode & stat.S_IWOTH", "False"),),
        (f"{_HOSTILE_RUN}::test_nor_is_that_of_a_run_that_everybody_may_write",),
    ),
    "kind of file": Mutant(
        "charlm/run/regular_file.py",
        (("    if not stat.S_ISREG(os.fstat(file).st_mode):", "    if False:"),
         ("flags |= os.O_NOFOLLOW | os.O_NONBLOCK", "flags |= os.O_NONBLOCK")),
        (f"{_HOSTILE_RUN}::test_the_log_is_not_used_through_a_link",
         f"{_HOSTILE_RUN}::test_the_lock_is_not_used_through_a_link"),
    ),
}  # fmt: skip


def copied(place: Path) -> Path:
    """A copy of the tree, with the modules as they were built here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout  # fmt: skip
    modules = [path.relative_to(ROOT) for path in (ROOT / "charlm").glob("*.so")]
    for name in [*map(os.fsdecode, filter(None, listed.split(b"\0"))), *modules]:
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    return place


def take_out(tree: Path, mutant: Mutant) -> None:
    """Take the protection out of a copy."""
    path = tree / mutant.file
    text = path.read_text("utf-8")
    for before, after in mutant.changes:
        assert text.count(before) == 1, f"{mutant.file} has {before!r} {text.count(before)} times"
        text = text.replace(before, after)
    path.write_text(text, "utf-8")
    if mutant.native:
        environment = {**os.environ, "CHARLM_CXXFLAGS": "-O1"}
        command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace", "--force"]
        subprocess.run(command, cwd=tree, env=environment, check=True)


def outcome(tree: Path, tests: tuple[str, ...]) -> tuple[str, str]:
    """How the tests end in a copy: "passed", "failed" or "hung"; and what they said last."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "",
        "--tb=line",
    ]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    with tempfile.TemporaryDirectory() as basetemp:
        try:
            done = subprocess.run(
                [*command, f"--basetemp={basetemp}/tests", *tests], cwd=tree, env=environment,
                capture_output=True, text=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "hung", ""
    said = (done.stdout.strip().splitlines() or [""])[-1]
    return {0: "passed", 1: "failed"}.get(done.returncode, f"ended with {done.returncode}"), said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("mutants", nargs="*", metavar="NAME", help=", ".join(MUTANTS))
    names = parser.parse_args().mutants or list(MUTANTS)
    survived = []
    with tempfile.TemporaryDirectory(prefix="charlm-mutants-") as temporary:
        whole = copied(Path(temporary) / "whole")
        tests = tuple(dict.fromkeys(test for name in names for test in MUTANTS[name].tests))
        ended, said = outcome(whole, tests)
        if ended != "passed":
            sys.exit(f"the tests do not pass where nothing is taken out: {said}")
        print(f"{'nothing':24} {ended:8} {said}", flush=True)
        for name in names:
            tree = copied(Path(temporary) / "mutant")
            take_out(tree, MUTANTS[name])
            ended, said = outcome(tree, MUTANTS[name].tests)
            print(f"{name:24} {ended:8} {said}", flush=True)
            if ended not in ("failed", "hung"):
                survived.append(name)
            shutil.rmtree(tree)
    if survived:
        sys.exit(f"nobody noticed that these were missing: {', '.join(survived)}")


if __name__ == "__main__":
    main()
