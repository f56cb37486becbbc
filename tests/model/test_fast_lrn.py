"""Normalisation in other operators is the same number as ONNX's own LRN, and a value by hand."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from model import fast_lrn
from model.layers import LRN, Config
from tests.model.test_alexnet import VARIANTS
from tests.model.test_onnx_file import crops_of
from tests.toys import TOY, small, write_toy

STEEP = dataclasses.replace(TOY, lrn=LRN(k=1.0, n=3, alpha=2e-4, beta=0.5))


def run(graph: str | bytes, crops: np.ndarray, names: list[str]) -> list[np.ndarray]:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    found: list[np.ndarray] = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"]).run(
        names, {"image": crops}
    )
    return found


@pytest.mark.parametrize(
    "config", [STEEP, *(small(one) for one in VARIANTS.values())], ids=["another power", *VARIANTS]
)
def test_every_activation_is_that_of_the_file(config: Config, tmp_path: Path) -> None:
    path, names = tmp_path / "model.onnx", [row.name for row in config.layers]
    write_toy(path, config)
    filed, fast = onnx.load(path), onnx.load_from_string(fast_lrn.load(path, config))
    kinds = [[node.op_type for node in proto.graph.node] for proto in (filed, fast)]
    assert ("LRN" in kinds[0]) is (config.lrn is not None)
    assert "LRN" not in kinds[1]
    crops = crops_of(config.crop_px)
    expected, found = (run(proto.SerializeToString(), crops, names) for proto in (filed, fast))
    for name, a, b in zip(names, expected, found, strict=True):
        assert np.abs(a - b).max() <= 1e-6 * np.abs(a).max(), name


def test_by_hand() -> None:
    """Five kernels of one tower, all 100: the first has three in reach, 100 / (2 + 1e-4 * 30,000) ** .75 = 29.907; the middle one five."""
    config = Config(kernels=(10, 16, 16, 16, 16), fc_units=32, num_classes=6)
    row = config.layer["norm1"]
    nodes, constants = fast_lrn._nodes(row, 2, LRN(), "conv1")
    shape = ["n", 10, 1, 1]
    graph = onnx.helper.make_graph(
        nodes, "norm",
        [onnx.helper.make_tensor_value_info("conv1", onnx.TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info("norm1", onnx.TensorProto.FLOAT, shape)],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )  # fmt: skip
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    maps = np.full((1, 10, 1, 1), 100, np.float32)
    maps[0, 5:] = 0  # the other tower is silent and hears nothing
    found = session.run(["norm1"], {"conv1": maps})[0].ravel()
    np.testing.assert_allclose(found[:3], [29.907, 26.085, 23.237], atol=5e-4)  # 5, 6 and 7 to the power .75
    assert found[4] == found[0]
    assert not found[5:].any()
