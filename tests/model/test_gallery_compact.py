"""The one file that a gallery ships as: small enough, true enough, and its pictures found again."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from model.gallery import compact
from model.gallery.build import build
from model.gallery.codes import Encoder
from model.gallery.compact import find_pictures, write, write_strongest
from model.gallery.store import Gallery
from tests.toys import write_class_folders


@pytest.mark.parametrize(("share", "steps"), [(0.2, 255), (0.43, 63)])
def test_the_one_file_of_a_full_size_net(
    share: float, steps: int, model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 pictures of 4,096 units take 16 MB at most, 2.1 of them once for the encoder; measured on 200 of them.

    Where a fifth of fc7 answers, in the 255 steps that a byte has; where nearly half does, in as many as there is room for.
    """
    small = build(model, photos, tmp_path / "gallery", limit=12)
    assert small is not None
    chance, num, units = np.random.default_rng(0), 200, 4096
    fc7 = np.maximum(chance.gamma(2, 1, (num, units)) * (chance.random((num, units)) < share), 0).astype(np.float16)
    encoder = Encoder("pca-sign", chance.standard_normal((units, 256)).astype(np.float32), np.zeros(256, np.float32))
    rows = np.arange(num) % len(small)
    whole = dataclasses.replace(
        small, names=tuple(f"n{i:04}/picture_{i:08}.JPEG" for i in range(num)), features={"fc7": fc7},
        labels=small.labels[rows], predictions=small.predictions[rows], confidences=chance.random(num, np.float32),
        numbers=np.arange(num), encoders={"fc7": encoder}, codes={"fc7": encoder.encode(fc7)},
        maps={name: chance.random((num, int(name[-1])), np.float32) for name in ("umap2", "umap3", "pca2", "pca3")},
    )  # fmt: skip
    path = tmp_path / "gallery.pq"
    largest = 2.1e6 + num * (16e6 - 2.1e6) / 10_000
    monkeypatch.setattr(compact, "LARGEST_BYTES", largest)
    error = write(whole, path)
    assert path.stat().st_size <= largest
    assert len(pq.read_metadata(path).metadata[b"encoder"]) == pytest.approx(2e6, rel=0.06)
    assert error <= 0.51 / steps
    one, real = Gallery.open(path, model), fc7.astype(np.float32)
    step = real.max(0) / steps
    assert (np.abs(one.features["fc7"] - real) <= 0.501 * step + 1e-3 * real).all()
    assert (one.features["fc7"] / np.maximum(step, 1e-6)).max() == pytest.approx(steps, rel=1e-3)
    for unit in (0, 4095):
        values = np.asarray(one.features["fc7"], np.float64)[:, unit]
        expected = [row for row in np.lexsort((np.arange(num), -values))[:6] if values[row] > 0]
        assert one.top_rows("fc7", unit, 6) == expected
        assert one.top_rows("fc7", unit, 6) == expected  # kept
        assert len(one.top_rows("fc7", unit, num)) == (values > 0).sum()


def test_codes_that_ship_with_the_model_are_not_kept_twice(model: Path, photos: Path, tmp_path: Path) -> None:
    """The encoder beside the file is the file's, and no other one will do."""
    whole = build(model, photos, tmp_path / "gallery", limit=12)
    assert whole is not None
    path, codes = tmp_path / "gallery.pq", tmp_path / "codes.npz"
    whole.encoders["fc7"].save(codes)
    write(whole, path)
    assert b"encoder" not in pq.read_metadata(path).metadata
    one = Gallery.open(path, model)
    assert (one.encoders["fc7"].encode(whole.features["fc7"]) == whole.codes["fc7"]).all()
    Encoder("pca-sign", -whole.encoders["fc7"].weights, whole.encoders["fc7"].biases).save(codes)
    with pytest.raises(ValueError, match=r"needs the codes\.npz that it was written beside"):
        Gallery.open(path, model)
    codes.unlink()
    with pytest.raises(ValueError, match=r"needs the codes\.npz that it was written beside"):
        Gallery.open(path, model)


def test_the_one_file(model: Path, photos: Path, tmp_path: Path) -> None:
    """Eight bits keep fc7 within half a step; classes, codes and maps stay as they are; thumbnails come from the sets."""
    whole = build(model, photos, tmp_path / "gallery", limit=12)
    assert whole is not None
    path = tmp_path / "toy" / "gallery.pq"
    path.parent.mkdir()
    write(whole, path)
    one = Gallery.open(path, model)
    assert one.names == whole.names
    assert (one.labels == whole.labels).all()
    assert (one.codes["fc7"] == whole.codes["fc7"]).all()
    assert one.encoders["fc7"].bits == 256
    assert (one.maps["pca3"] == whole.maps["pca3"]).all()
    real = np.asarray(whole.features["fc7"], np.float32)
    assert (np.abs(one.features["fc7"] - real) <= real.max(0) / 255 * 0.51 + 1e-3).all()
    assert set(one.features) == {"fc7"}
    assert one.thumbnail(0) is None
    assert whole.strongest is not None
    assert one.strongest is not None
    assert set(whole.strongest.layers) - set(one.strongest.layers) == {"fc7"}
    for layer in ("conv1", "pool2", "fc6", "fc8"):
        unit = int(whole.strongest.values[layer].max(1).argmax())
        assert whole.strongest.of(layer, unit)
        for kept, there in zip(one.strongest_of(layer, unit) or (), whole.strongest.of(layer, unit), strict=True):
            assert dataclasses.replace(kept, value=there.value) == there
            assert kept.value == pytest.approx(there.value, rel=1e-3)
    assert [found.index for found in one.strongest_of("fc7", 2) or ()] == one.top_rows("fc7", 2, 9)
    assert one.strongest_of("prob", 0) is None
    assert str(tmp_path) not in str(path.read_bytes())  # nor where it was made
    with pytest.raises(ValueError, match="did not come with this gallery"):
        one.square(0)
    for folder in ("n1", "n9"):  # the same name in another class is another picture
        (tmp_path / "elsewhere" / folder).mkdir(parents=True)
        shutil.copy(photos / "n1" / "2.png", tmp_path / "elsewhere" / folder / "2.png")
    assert find_pictures(one, [tmp_path / "elsewhere"], tmp_path / "found.parquet") == 1
    again = Gallery.open(path, model, tmp_path / "found.parquet")
    shown = [row for row in range(len(again)) if again.thumbnail(row)]
    assert len(shown) == 1
    assert [row for row in range(len(again)) if again.has_thumbnail(row)] == shown
    assert not one.has_thumbnail(shown[0])
    assert again.names[shown[0]] == "n1/2.png"
    assert again.thumbnails is not None
    assert again.thumbnails.count == 1
    shutil.copy(photos / "n2" / "2.png", tmp_path / "elsewhere" / "n9" / "2.png")
    (tmp_path / "elsewhere" / "n9").rename(tmp_path / "elsewhere" / "n2")
    assert find_pictures(one, [tmp_path / "elsewhere"], tmp_path / "found.parquet") == 2  # the first is still there
    (tmp_path / "set").mkdir()
    (tmp_path / "elsewhere").rename(tmp_path / "set" / "train")
    write_class_folders(tmp_path / "set", "val", 1, 1)  # as imagenette2 comes: every split is looked through
    assert find_pictures(one, [tmp_path / "set"], tmp_path / "set.parquet") == 3
    (tmp_path / "set" / "train").rename(tmp_path / "elsewhere")
    other = dataclasses.replace(one, names=one.names[::-1])
    for wrong in (other, dataclasses.replace(one, about={**one.about, "model_hash": "another"})):
        find_pictures(wrong, [tmp_path / "elsewhere"], tmp_path / "wrong.parquet")
        assert Gallery.open(path, model, tmp_path / "wrong.parquet").thumbnails is None  # rows of another gallery
    write_strongest(dataclasses.replace(whole, names=whole.names[::-1]), path.with_name("strongest.npz"))
    assert Gallery.open(path, model).strongest is None
    cut = path.with_name("strongest.npz").read_bytes()[:-99]
    path.with_name("strongest.npz").write_bytes(cut)
    with pytest.raises(ValueError, match="is damaged"):
        Gallery.open(path, model)
    path.with_name("strongest.npz").unlink()
    write_strongest(Gallery.open(path, model), path.with_name("strongest.npz"))
    assert Gallery.open(path, model).strongest_of("conv1", 1) is None
    (tmp_path / "wrong.parquet").write_bytes(b"nothing")
    assert Gallery.open(path, model, tmp_path / "wrong.parquet").thumbnails is None
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is no gallery of this project"):
        Gallery.open(tmp_path / "bad.parquet", model)
