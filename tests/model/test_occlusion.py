"""Occlusion against single runs, and its geometry against literals."""

import threading
from pathlib import Path

import numpy as np
import pytest

from model.explorer import Explorer
from model.layers import BVLC
from model.occlusion import BATCH, occlude, patch_starts
from tests.toys import picture, small, write_toy


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Explorer:
    path: Path = tmp_path_factory.mktemp("toy") / "model.onnx"
    write_toy(path)
    return Explorer.open(path, "cpu")


@pytest.mark.parametrize(
    ("patch", "stride", "starts"),
    [
        (32, 96, [0, 96, 192]),
        (224, 5, [0]),
        (64, 100, [30, 130]),  # 160 pixels of room: 60 are left over, 30 on either side
        (32, 16, [16 * i for i in range(13)]),
        (32, 8, [8 * i for i in range(25)]),
    ],
)
def test_places_of_the_patch(patch: int, stride: int, starts: list[int]) -> None:
    assert patch_starts(patch, stride) == starts


@pytest.mark.parametrize(("patch", "stride"), [(0, 8), (225, 8), (32, 0)])
def test_patches_that_do_not_fit(patch: int, stride: int) -> None:
    with pytest.raises(ValueError, match="A patch has 1 to 224 pixels and moves by 1 or more"):
        patch_starts(patch, stride)


def test_equals_a_loop_over_single_crops(explorer: Explorer) -> None:
    gains = {"conv1": np.linspace(0, 1, 8, dtype=np.float32)}
    crop = explorer.run(picture(3)).crop
    found = occlude(explorer, crop, gains, patch_px=64, stride_px=40)
    assert found is not None
    assert found.probabilities.shape == (5, 5, 6)  # 25 places: more than one batch
    assert found.first_px == 32
    for i, row in enumerate(range(0, 161, 40)):
        for j, column in enumerate(range(0, 161, 40)):
            alone = crop.copy()
            alone[:, row : row + 64, column : column + 64] = 0
            expected = explorer.probabilities(alone[None], gains)[0]
            np.testing.assert_allclose(found.probabilities[i, j], expected, rtol=1e-4, atol=1e-6)


def test_a_patch_over_everything_leaves_the_mean_colour(explorer: Explorer) -> None:
    found = occlude(explorer, explorer.run(picture(3)).crop, patch_px=224)
    assert found is not None
    nothing = explorer.probabilities(np.zeros((1, 3, 224, 224), np.float32))
    np.testing.assert_allclose(found.probabilities[0], nothing, rtol=1e-5)
    assert found.first_px == 112


def test_larger_crops_have_places_to_their_edge(tmp_path: Path) -> None:
    """227 pixels, 64 by 33: six starts, the one pixel left over goes to neither edge's share."""
    write_toy(tmp_path / "model.onnx", small(BVLC))
    explorer = Explorer.open(tmp_path / "model.onnx", "cpu")
    found = occlude(explorer, explorer.run(picture(3)).crop, patch_px=62, stride_px=33)
    assert found is not None
    assert found.probabilities.shape[:2] == (6, 6)
    assert (patch_starts(62, 33, 227)[-1] + 62, found.first_px) == (227, 31)


def test_progress_and_cancel(explorer: Explorer) -> None:
    crop, told = explorer.run(picture(3)).crop, []

    def go_on(done: int, places: int) -> bool:
        told.append((done, places))
        return done < 2 * BATCH

    assert occlude(explorer, crop, patch_px=64, stride_px=20, go_on=go_on) is None
    assert told == [(16, 81), (32, 81)]


def test_a_gpu_takes_all_at_once(explorer: Explorer) -> None:
    """No GPU is needed to see how the work is cut: up to 256 places."""
    told: list[tuple[int, int]] = []
    named_so = Explorer(explorer.info, explorer.weights, explorer.session, "CUDA GPU")
    crop = explorer.run(picture(3)).crop
    for stride in (40, 10):
        assert occlude(named_so, crop, patch_px=64, stride_px=stride, go_on=lambda *at: told.append(at) is None)
    assert told == [(25, 25), (256, 289), (289, 289)]


def test_others_get_their_turn(explorer: Explorer) -> None:
    """The semaphore is free whenever a batch is done."""
    turn = threading.BoundedSemaphore(1)

    def go_on(done: int, places: int) -> bool:
        free = turn.acquire(blocking=False)
        turn.release()
        return free

    assert occlude(explorer, explorer.run(picture(3)).crop, patch_px=64, stride_px=40, go_on=go_on, turn=turn)
