"""Killed, stopped, out of room or out of source: a prepared split ends up the same to the last byte, or a sentence says."""

import io
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import training.writer
from model.picture_set import find_split
from tests.toys import encoded, picture, write_class_folders
from training.lock import alone
from training.prepare import main, prepare
from training.writer import Writer


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_disk_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_class_folders(tmp_path, "val", 1, 2)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(ValueError, match=r"Decoding 2 val pictures takes 0.0 GB, .* choose a roomier disk"):
        prepare(tmp_path, "val", tmp_path / "cache")


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int, reason: BaseException) -> None:
    """Journal after every picture, and fail at one."""
    monkeypatch.setattr(training.writer, "JOURNAL_SECONDS", -1)
    square, calls = training.writer._square, 0

    def failing(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls > count:
            raise reason
        return square(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(training.writer, "_square", failing)


@pytest.mark.parametrize("kind", ["u8", "jpeg"])
def test_interrupted_it_goes_on(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_class_folders(tmp_path / "in", "train", 4, 5)
    write_class_folders(tmp_path / "in", "val", 4, 1)
    (tmp_path / "in" / "train" / "n1" / "2.png").write_bytes(b"broken")
    argv = [str(tmp_path / "in"), "", "--format", kind]
    argv[1] = str(tmp_path / "whole")
    assert main(argv) == 0
    argv[1] = str(tmp_path / "parts")
    with monkeypatch.context() as patch:
        stop_after(patch, 9, KeyboardInterrupt())
        assert main(argv) == 130
    other = [argv[0], argv[1], "--format", "u8" if kind == "jpeg" else "jpeg"]
    assert main(other) == 2  # begun in one format, it does not go on in the other
    with np.load(tmp_path / "parts" / "train.partial" / "journal.npz") as journal:
        assert 0 < journal["seen"] <= 9
    (images,) = (tmp_path / "parts" / "train.partial").glob("images.*")
    with images.open("ab") as file:  # as a kill between a picture and the journal leaves it
        file.write(b"not in the journal")
    assert main(argv) == 0
    for split in ("train", "val"):
        assert contents(tmp_path / "parts" / split) == contents(tmp_path / "whole" / split)


def test_a_source_that_changed_does_not_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_class_folders(tmp_path / "in", "train", 2, 3)
    argv = [str(tmp_path / "in"), str(tmp_path / "out")]
    with monkeypatch.context() as patch:
        stop_after(patch, 3, KeyboardInterrupt())
        assert main(argv) == 130
    Image.fromarray(picture(99)).save(tmp_path / "in" / "train" / "n0" / "new.png")
    assert main(argv) == 2
    assert "was begun from other pictures or in the other format; delete it" in capsys.readouterr().err


def test_a_full_disk_is_a_sentence_and_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_class_folders(tmp_path / "in", "train", 2, 3)
    argv = [str(tmp_path / "in"), str(tmp_path / "out")]
    with monkeypatch.context() as patch:
        stop_after(patch, 3, OSError(28, "No space left on device"))
        patch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        assert main(argv) == 2
    assert "could not be written ([Errno 28] No space left on device); make room" in capsys.readouterr().err
    write_class_folders(tmp_path / "in", "val", 2, 1)
    assert main(argv) == 0
    assert prepare(tmp_path / "out", "train", "nowhere").labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_pictures_that_vanish_are_not_rejected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that goes away must not look like a set of damaged files."""
    write_class_folders(tmp_path / "in", "train", 4, 5)
    write_class_folders(tmp_path / "in", "val", 4, 1)
    argv = [str(tmp_path / "in"), str(tmp_path / "out")]
    square, calls = training.writer._square, 0

    def vanishing(*args: Any) -> object:
        nonlocal calls
        calls += 1
        if calls == 10:
            (tmp_path / "in").rename(tmp_path / "elsewhere")
        return square(*args)

    with monkeypatch.context() as patch:
        patch.setattr(training.writer, "_square", vanishing)
        assert main(argv) == 2
    assert "cannot be read ([Errno 2] No such file" in capsys.readouterr().err
    (tmp_path / "elsewhere").rename(tmp_path / "in")
    with np.load(tmp_path / "out" / "train.partial" / "journal.npz") as journal:
        assert 0 < journal["seen"] < 20
    assert main(argv) == 0
    assert "train: 20 pictures of 4 classes, 0 left out" in capsys.readouterr().out


def test_pictures_that_change_while_they_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_class_folders(tmp_path / "in", "train", 2, 2)
    square = training.writer._square

    def changing(*args: Any) -> object:
        (tmp_path / "in" / "train" / "n0" / "0.png").write_bytes(b"other")
        return square(*args)

    monkeypatch.setattr(training.writer, "_square", changing)
    assert main([str(tmp_path / "in"), str(tmp_path / "out")]) == 2
    assert "The train pictures changed while they were read; delete" in capsys.readouterr().err
    assert not (tmp_path / "out" / "train").exists()


@pytest.mark.parametrize("step", ["unlink", "rename"])
def test_killed_in_its_last_lines(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the journal goes, or after: all is decoded, so that the next call only has to finish."""
    write_class_folders(tmp_path / "in", "val", 2, 2)
    prepare(tmp_path / "in", "val", tmp_path / "whole")
    real = getattr(Path, step)

    def killed(path: Path, *args: Any, **kwargs: Any) -> object:
        if path.name == "journal.npz" or path.suffix == ".partial":
            raise KeyboardInterrupt
        return real(path, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, step, killed)
        with pytest.raises(KeyboardInterrupt):
            prepare(tmp_path / "in", "val", tmp_path / "killed")
    monkeypatch.setattr(training.writer, "_square", lambda *_: pytest.fail("decoded again"))
    prepare(tmp_path / "in", "val", tmp_path / "killed")
    (whole,), (again,) = (list((tmp_path / name).iterdir()) for name in ("whole", "killed"))
    assert whole.name == again.name
    assert contents(whole) == contents(again)


def test_sums_are_whole_numbers(tmp_path: Path) -> None:
    """Squares of grey levels of a set 2.1 million pictures large have no place in a float."""
    write_class_folders(tmp_path / "in", "val", 1, 1)
    writer = Writer(find_split(tmp_path / "in", "val"), tmp_path, "val", "u8")
    writer.second += 2**53
    white = np.full((256, 256, 3), 255, np.uint8)
    writer._add(io.BytesIO(), "white", 0, (white, 256, np.ones((3, 3), np.int64), None))
    assert int(writer.second[0, 0]) == 2**53 + 1
    decoded = training.writer._square("white", lambda: encoded(white), "u8")
    assert not isinstance(decoded, str)
    assert decoded[2].tolist() == [[65536 * 255 * 255] * 3] * 3


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("kind", ["u8", "jpeg"])
def test_killed_it_loses_and_repeats_nothing(kind: str, tmp_path: Path) -> None:
    """SIGKILL at random moments; the files end up the same to the last byte, and nothing else is left."""
    write_class_folders(tmp_path / "in", "train", 20, 12)
    (tmp_path / "in" / "train" / "n7" / "3.png").write_bytes(b"broken")
    write_class_folders(tmp_path / "in", "val", 20, 1)
    code = "import sys, training.prepare, training.writer as w; w.JOURNAL_SECONDS = 0.05; sys.exit(training.prepare.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--format", kind, str(tmp_path / "in")]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    chance, lives = random.Random(0), 0
    while True:
        process = subprocess.Popen(
            [*command, str(tmp_path / "killed")], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        lives += 1
        if lives <= 5:
            while process.poll() is None and not (tmp_path / "killed" / "train.partial").exists():
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            break
    for split in ("train", "val"):
        assert contents(tmp_path / "killed" / split) == contents(tmp_path / "whole" / split)
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == ["train", "val"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_two_at_once_wait_for_each_other(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_class_folders(tmp_path / "in", "train", 6, 10)
    write_class_folders(tmp_path / "in", "val", 6, 1)
    command = [sys.executable, "-m", "training.prepare", str(tmp_path / "in"), str(tmp_path / "out")]
    (tmp_path / "out").mkdir()
    with alone(tmp_path / "out" / "train.lock"):
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        for process in both:
            assert process.stderr
            assert "Another process is at work on" in process.stderr.readline()
        assert not (tmp_path / "out" / "train.partial").exists()
    printed = [process.communicate(timeout=60) for process in both]
    assert printed[0][0] == printed[1][0]
    assert "train: 60 pictures of 6 classes" in printed[0][0]
    assert sum("decoding train" in errors for _, errors in printed) == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["train", "val"]
