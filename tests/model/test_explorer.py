"""The explorer over one file: activations, predictions, kernels, gains, devices, threads."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model import onnx_file, preprocess
from model.explorer import Explorer, top
from model.layers import NO_CROSS_TALK
from tests.toys import TOY, picture, small, write_toy


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Explorer:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    write_toy(path)
    return Explorer.open(path, "cpu")


def test_one_pass_gives_everything(explorer: Explorer) -> None:
    seen = explorer.run(picture())
    assert {name: seen[name].shape for name in seen} == {row.name: row.shape for row in TOY.layers}
    assert seen["prob"].sum() == pytest.approx(1, abs=1e-5)
    assert seen.features is seen["fc7"]
    assert set(seen.milliseconds) == {"preprocess", "forward"}
    assert seen.device == "CPU (as asked)"


def test_results_are_frozen(explorer: Explorer) -> None:
    square = picture().copy()
    seen = explorer.run(square)
    square[:] = 0  # the caller's array stays the caller's
    assert seen.square.any()
    with pytest.raises(ValueError, match="read-only"):
        seen["conv1"][0] = 0
    with pytest.raises(TypeError):
        seen.arrays["conv1"] = np.zeros(1)  # type: ignore[index]


def test_every_kind_of_picture_is_the_same_picture(explorer: Explorer, tmp_path: Path) -> None:
    image = Image.fromarray(picture(1, 300, 400))
    file = io.BytesIO()
    image.save(file, "PNG")
    (tmp_path / "x.png").write_bytes(file.getvalue())
    expected = explorer.run(image)["prob"]
    for same in (file.getvalue(), file, tmp_path / "x.png", str(tmp_path / "x.png")):
        np.testing.assert_array_equal(explorer.run(same)["prob"], expected)


def test_array_has_to_be_a_square(explorer: Explorer) -> None:
    with pytest.raises(ValueError, match=r"uint8 of shape \(256, 256, 3\), not uint8 \(224, 224, 3\)"):
        explorer.run(picture(0, 224, 224))


def test_top() -> None:
    classes = (("a", "ant"), ("b", "bee"), ("c", "cat"))
    found = top(np.asarray([0.2, 0.5, 0.3], np.float32), classes, 2)
    assert [(one.class_id, one.name) for one in found] == [("b", "bee"), ("c", "cat")]
    assert found[0].probability == 0.5
    assert len(top(np.ones(3, np.float32), classes, 5)) == 3


def test_ten_crops_average_probabilities(explorer: Explorer) -> None:
    ten, one = explorer.run_ten_crops(picture()), explorer.run(picture())
    assert ten.views.shape == (10, 6)
    np.testing.assert_allclose(ten.views[4], one["prob"], rtol=1e-4)  # the fifth view is the centre crop
    np.testing.assert_allclose(ten.mean, ten.views.sum(0) / 10, rtol=1e-6)
    assert ten.top(1)[0].probability == pytest.approx(ten.mean.max())


def test_kernels_by_tower(explorer: Explorer) -> None:
    gpu1, gpu2 = explorer.kernels("conv1")
    assert gpu1.shape == gpu2.shape == (4, 3, 11, 11)
    np.testing.assert_array_equal(np.concatenate([gpu1, gpu2]), explorer.weights["conv1.weight"])
    with pytest.raises(ValueError, match="fc6 has no kernels; this network's convolutions are conv1, conv2"):
        explorer.kernels("fc6")


def test_bad_gains(explorer: Explorer, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pool1 takes no gain in this network"):
        explorer.run(picture(), {"pool1": 0})
    with pytest.raises(ValueError, match=r"conv1.gain has to be one number or \(8,\); got \(3,\)"):
        explorer.run(picture(), {"conv1": [1, 2, 3]})
    write_toy(tmp_path / "model.onnx", small(NO_CROSS_TALK))
    with pytest.raises(ValueError, match="cross_talk takes no gain"):
        Explorer.open(tmp_path / "model.onnx", "cpu").run(picture(), {"cross_talk": 0})


def test_threads_share_one(explorer: Explorer) -> None:
    expected = [explorer.run(picture(seed))["prob"] for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for found, alone in zip(
            pool.map(lambda seed: explorer.run(picture(seed))["prob"], range(8)), expected, strict=True
        ):
            np.testing.assert_array_equal(found, alone)


def test_device_is_named(tmp_path: Path) -> None:
    write_toy(tmp_path / "model.onnx")
    with pytest.raises(ValueError, match="There is no device 'tpu'; choose auto, cpu or cuda"):
        Explorer.open(tmp_path / "model.onnx", "tpu")
    if not torch.cuda.is_available():
        assert Explorer.open(tmp_path / "model.onnx").device.startswith("CPU (")
        with pytest.raises(ValueError, match=r"No CUDA GPU can be used: .*; use --device cpu, or auto"):
            Explorer.open(tmp_path / "model.onnx", "cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
def test_cuda_equals_cpu(tmp_path: Path) -> None:
    write_toy(tmp_path / "model.onnx")
    gpu, cpu = (Explorer.open(tmp_path / "model.onnx", device).run(picture()) for device in ("cuda", "cpu"))
    assert gpu.device == "CUDA GPU"
    for name in cpu:
        np.testing.assert_allclose(gpu[name], cpu[name], rtol=1e-2, atol=1e-2 * np.abs(cpu[name]).max())


def test_a_network_of_small_pictures_sees_no_more(tmp_path: Path) -> None:
    """It was trained on 64 pixels a side: a sharper picture is softened, one like its own is not."""
    write_toy(tmp_path / "toy.onnx")
    info, weights = onnx_file.read(tmp_path / "toy.onnx")
    onnx_file.write(tmp_path / "small.onnx", replace(info, detail_px=64), weights)
    plain, small = (Explorer.open(tmp_path / f"{name}.onnx", "cpu") for name in ("toy", "small"))
    sharp, like_its_own = (Image.fromarray(picture(0, side, side)) for side in (300, 64))
    square = preprocess.soften(preprocess.to_square(sharp), 64)
    np.testing.assert_array_equal(small.run(sharp).square, square)
    np.testing.assert_array_equal(small.run(sharp)["conv1"], plain.run(square)["conv1"])
    np.testing.assert_array_equal(small.run(square).square, square)  # an array is a square already
    np.testing.assert_array_equal(small.run(like_its_own)["prob"], plain.run(like_its_own)["prob"])
    np.testing.assert_array_equal(small.run_ten_crops(sharp).views, plain.run_ten_crops(square).views)
