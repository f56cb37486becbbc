"""Finding pictures: class folders, plain folders, the Hub's Parquet, and sentences when there are none."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.class_names import NAMES_FILE
from model.picture_set import find_any, find_split
from model.preprocess import read_picture, to_square
from tests.toys import write_class_folders
from training import prepare
from training.prepared import open_prepared


def write_parquet(path: Path, names: list[str] | None, labels: list[int]) -> None:
    image = pa.array([{"bytes": bytes([i]), "path": f"{i}.jpg"} for i in range(len(labels))])
    table = pa.table({"image": image, "label": pa.array(labels, pa.int64())})
    info = {"info": {"features": {"label": {"names": names}}}}
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(info)} if names else {}), path)


def listing(root: Path, split: str) -> list[tuple[str, bytes, int]]:
    return [(Path(name).name, data(), label) for name, data, label in find_split(root, split).pictures()]


def test_class_folders(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "train", 2, 2)
    (tmp_path / "train" / "n0" / "notes.txt").write_text("not a picture")
    found = find_split(tmp_path, "train")
    assert (found.num_images, found.class_ids) == (4, ("n0", "n1"))
    assert [(name, label) for name, _, label in listing(tmp_path, "train")] == [
        ("0.png", 0), ("1.png", 0), ("0.png", 1), ("1.png", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["val-00000-of-00001.parquet", "data/validation-00000-of-00001.parquet"])
def test_parquet(name: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    write_parquet(tmp_path / name, ["cat", "dog"], [1, 0, 1])
    assert find_split(tmp_path, "val").class_ids == ("cat", "dog")
    assert listing(tmp_path, "val") == [("0.jpg", b"\x00", 1), ("1.jpg", b"\x01", 0), ("2.jpg", b"\x02", 1)]


def test_fingerprint_follows_the_files(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "train", 1, 1)
    before = find_split(tmp_path, "train").fingerprint
    assert find_split(tmp_path, "train").fingerprint == before
    (tmp_path / "train" / "n0" / "0.png").write_bytes(b"other")
    assert find_split(tmp_path, "train").fingerprint != before


def test_anything_with_pictures(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "val", 2, 2)
    assert find_any(tmp_path / "val").class_ids == ("n0", "n1")
    plain = find_any(tmp_path / "val" / "n1")
    assert (plain.num_images, plain.class_ids) == (2, ())
    write_parquet(tmp_path / "x.parquet", ["cat"], [0])
    assert find_any(tmp_path / "x.parquet").num_images == 1


@pytest.mark.parametrize("place", ["", "data"])
def test_splits_are_not_mixed(place: str, tmp_path: Path) -> None:
    """The Hub's layout: a split is asked for where there are several; what has no class is -1."""
    (tmp_path / place).mkdir(exist_ok=True)
    for name, labels in {"train": [0, 0, 1], "validation": [1], "test": [-1, -1]}.items():
        write_parquet(tmp_path / place / f"{name}-00000-of-00001.parquet", ["cat", "dog"], labels)
    with pytest.raises(ValueError, match="holds several splits, train, val, test; choose one with --split"):
        find_any(tmp_path)
    assert find_any(tmp_path, "train").num_images == 3
    assert [label for _, _, label in find_any(tmp_path, "val").pictures()] == [1]
    assert [label for _, _, label in find_any(tmp_path, "test").pictures()] == [-1, -1]
    (tmp_path / place / "validation-00000-of-00001.parquet").unlink()
    with pytest.raises(ValueError, match="There is no split val at"):
        find_any(tmp_path, "val")
    (tmp_path / place / "train-00000-of-00001.parquet").unlink()
    write_parquet(tmp_path / place / "more.parquet", ["cat", "dog"], [0])
    assert find_any(tmp_path).left_out == (str(tmp_path / place / "more.parquet"),)


def test_split_folders(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "set", "train", 2, 2)
    write_class_folders(tmp_path / "set", "val", 2, 1)
    (tmp_path / "set" / "list.csv").touch()
    with pytest.raises(ValueError, match="holds several splits, train, val; choose"):
        find_any(tmp_path / "set")
    found = find_any(tmp_path / "set", "val")
    assert (found.num_images, found.class_ids) == (2, ("n0", "n1"))
    assert found.left_out == (str(tmp_path / "set" / "list.csv"),)
    write_class_folders(tmp_path, "vehicles", 2, 1)
    (tmp_path / "vehicles" / "n1").rename(tmp_path / "vehicles" / "train")
    assert find_any(tmp_path / "vehicles").class_ids == ("n0", "train")  # a class


def test_pictures_beside_folders_have_no_class(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "val", 1, 1)
    for name in ("loose.tif", "notes.txt", ".hidden"):
        (tmp_path / "val" / name).touch()
    found = find_any(tmp_path / "val")
    assert [(Path(name).name, label) for name, _, label in found.pictures()] == [("0.png", 0), ("loose.tif", -1)]
    assert [Path(name).name for name in found.left_out] == ["notes.txt"]
    labelled = find_split(tmp_path, "val")
    assert labelled.num_images == 1
    assert [Path(name).name for name in labelled.left_out] == ["notes.txt", "loose.tif"]


def test_sentences(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"No val pictures below .*: expected val or validation-"):
        find_split(tmp_path, "val")
    with pytest.raises(ValueError, match="There is nothing at"):
        find_any(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no pictures; expected JPEG"):
        find_any(tmp_path)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 but broken")
    with pytest.raises(ValueError, match="holds a damaged Parquet file"):
        find_any(tmp_path / "x.parquet")
    write_parquet(tmp_path / "y.parquet", None, [0])
    with pytest.raises(ValueError, match=r"y.parquet does not name its classes"):
        find_any(tmp_path / "y.parquet")
    write_parquet(tmp_path / "u.parquet", ["cat"], [-1])
    (tmp_path / "u.parquet").rename(tmp_path / "val-u.parquet")
    with pytest.raises(ValueError, match="has a picture with label -1; choose a labelled split"):
        list(find_split(tmp_path, "val").pictures())
    (tmp_path / "val-u.parquet").unlink()
    pq.write_table(pa.table({"image": [b"x"], "label": [0]}), tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="image is no struct of bytes and path"):
        find_any(tmp_path / "b.parquet")
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "z.parquet")
    with pytest.raises(ValueError, match=r"z.parquet has no column image and label"):
        find_any(tmp_path / "z.parquet")


def test_damaged_shards_are_named(tmp_path: Path) -> None:
    image = pa.array([{"bytes": bytes(1000), "path": None}] * 4)
    table = pa.table({"image": image, "label": pa.array([0] * 4, pa.int64())})
    names = json.dumps({"info": {"features": {"label": {"names": ["cat"]}}}})
    shard = tmp_path / "val-00000-of-00001.parquet"
    pq.write_table(table.replace_schema_metadata({"huggingface": names}), shard, row_group_size=2)
    listed = [name for name, _, _ in find_split(tmp_path, "val").pictures(1)]
    assert listed == [f"{shard.name} row {i}" for i in (1, 2, 3)]  # pictures without a name
    first = pq.ParquetFile(shard).metadata.row_group(1).column(0).dictionary_page_offset
    data = bytearray(shard.read_bytes())
    data[first : first + 20] = b"\xff" * 20
    shard.write_bytes(data)
    with pytest.raises(ValueError, match=rf"{shard.name} is damaged \(.*\); fetch it again"):
        list(find_split(tmp_path, "val").pictures())


def test_the_hubs_names_are_wordnet_ids(tmp_path: Path) -> None:
    """imagenet-1k on the Hub has "tench, Tinca tinca" where the tars have n01440764."""
    ids = json.loads(NAMES_FILE.read_text())
    names = [f"{name}, {name} in Latin" for name in ids.values()]
    names[134] = "crane bird"
    write_parquet(tmp_path / "val-0.parquet", names, [0, 999])
    assert find_split(tmp_path, "val").class_ids == tuple(sorted(ids))
    write_parquet(tmp_path / "val-0.parquet", names[::-1], [0])
    assert find_split(tmp_path, "val").class_ids == tuple(names[::-1])


def test_a_link_counts_as_what_it_points_to(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "train", 1, 1)
    (tmp_path / "val" / "n0").mkdir(parents=True)
    (tmp_path / "val" / "n0" / "0.png").symlink_to(tmp_path / "train" / "n0" / "0.png")
    assert find_split(tmp_path, "val").fingerprint == find_split(tmp_path, "train").fingerprint


def test_small_pictures_are_soft_already_when_they_were_prepared(tmp_path: Path) -> None:
    """Of 64 pixels a side: as soft as a network of 64 or more wants them, not as one of 32 does."""
    for split in ("train", "val"):
        write_class_folders(tmp_path / "source", split, 2, 1, side_px=64)
    assert prepare.main([str(tmp_path / "source"), str(tmp_path / "prepared")]) == 0
    found, files = find_any(tmp_path / "prepared" / "train"), find_any(tmp_path / "source" / "train")
    assert [found.left_to_soften(detail) for detail in (100, 64, 32, None)] == [None, None, 32, None]
    (_, prepared, _), (_, file, _) = next(found.pictures()), next(files.pictures())
    ours = to_square(read_picture(prepared()), found.left_to_soften(64))
    assert (ours == to_square(read_picture(file()), files.left_to_soften(64))).all()


@pytest.mark.parametrize("kind", ["u8", "jpeg"])
def test_a_prepared_split(kind: str, tmp_path: Path) -> None:
    write_class_folders(tmp_path / "source", "train", 2, 2)
    write_class_folders(tmp_path / "source", "val", 2, 1)
    assert prepare.main([str(tmp_path / "source"), str(tmp_path / "prepared"), "--format", kind]) == 0
    found = find_any(tmp_path / "prepared" / "train")
    squares = open_prepared(tmp_path / "prepared" / "train").images[0:4]
    assert (found.num_images, found.class_ids) == (4, ("n0", "n1"))
    pictures = list(found.pictures(1))
    assert [(name, label) for name, _, label in pictures] == [("00000001", 0), ("00000002", 1), ("00000003", 1)]
    for (_, data, _), square in zip(pictures, squares[1:], strict=True):
        assert (to_square(read_picture(data())) == square).all()
    assert [found.left_to_soften(detail) for detail in (64, None)] == [64, None]
    (tmp_path / "prepared" / "train" / "labels.npy").unlink()
    with pytest.raises(ValueError, match="is not whole"):
        find_any(tmp_path / "prepared" / "train")
