"""What is being looked at, as plain data: layer, unit, place, lesions, edits of the picture; to and from an address."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from model.layers import CROP_PX, SQUARE_PX, Config, Layer
from model.preprocess import View as CropView
from model.preprocess import centre

MARGIN = (SQUARE_PX - CROP_PX) // 2  # how far the paper's crops move; a larger crop has less room
TOWERS = ("gpu1", "gpu2")
CROSS_TALK = "cross_talk"
MAX_NEIGHBOURS = 50
MAX_STEPS = 9


@dataclass(frozen=True)
class Lesions:
    """What is muted, and how far.

    `amounts` goes from a target to 0..1: "gpu2" and "conv3" give the share of their units that is silent, "conv3.17"
    (unit 17, counted from 1) and "cross_talk" how much of one signal is taken away.
    """

    amounts: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.amounts)

    def amount(self, target: str) -> float:
        """How far a target is muted, 0..1."""
        return self.amounts.get(target, 0.0)

    def with_amount(self, target: str, amount: float) -> Lesions:
        """The same with one target changed; 0 heals it."""
        others = {name: value for name, value in self.amounts.items() if name != target}
        return Lesions({**others, target: min(amount, 1.0)} if amount > 0 else others)

    def fitting(self, config: Config) -> Lesions:
        """The same, without targets that this network does not have."""
        wide = {*wide_targets(config), *config.gained}
        return Lesions({name: by for name, by in self.amounts.items() if name in wide or _unit_of(name, config)})

    def gains(self, config: Config) -> dict[str, npt.NDArray[np.float32] | float]:
        """The factors that `Explorer.run` takes. Targets that this network does not have are left out."""
        gains: dict[str, npt.NDArray[np.float32] | float] = {}
        for name in config.gained:
            gain = self._gain(config.layer[name], config)
            if (gain != 1).any():
                gains[name] = gain
        if CROSS_TALK in self.fitting(config).amounts:
            gains[CROSS_TALK] = 1 - self.amounts[CROSS_TALK]
        return gains

    def muted(self, config: Config) -> dict[str, list[int]]:
        """The units, by layer, whose output is lowered."""
        gains = self.gains(config)
        return {
            name: np.flatnonzero(np.asarray(gain) < 1).tolist() for name, gain in gains.items() if name != CROSS_TALK
        }

    def _gain(self, layer: Layer, config: Config) -> npt.NDArray[np.float32]:
        gain = np.ones(layer.units, np.float32)
        if layer.towers == 2:
            for tower, name in enumerate(TOWERS):
                own = layer.tower_units(tower)
                gain[own.start + _silenced(f"{layer.name}.{name}", own.stop - own.start, self.amount(name))] = 0
        gain[_silenced(layer.name, layer.units, self.amount(layer.name))] = 0
        for target, amount in self.amounts.items():
            if (unit := _unit_of(target, config)) and unit[0] == layer.name:
                gain[unit[1]] *= 1 - amount
        return gain


def wide_targets(config: Config) -> tuple[str, ...]:
    """Those of a network's targets that are neither a layer nor a unit: the cross-talk, if there is any, and the GPUs."""
    conv3 = config.layer.get("conv3")
    return ((CROSS_TALK,) if conv3 and conv3.reads_both else ()) + (TOWERS if config.towers == 2 else ())


def _unit_of(target: str, config: Config) -> tuple[str, int] | None:
    """The layer and the unit, counted from 0, of a target such as "conv3.17"; None where the network has no such."""
    name, _, number = target.partition(".")
    unit = _whole(number)
    return (name, unit - 1) if name in config.gained and unit and unit <= config.layer[name].units else None


def _silenced(name: str, units: int, share: float) -> npt.NDArray[np.int64]:
    """Which units fall silent first: a random order of each layer's own, the same every time."""
    if count := round(share * units):
        return np.random.default_rng(zlib.crc32(name.encode())).permutation(units)[:count]
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class Edits:
    """What is done to the picture before the network sees it (section 4.1's augmentation, and paint)."""

    mirror: bool = False
    down: int = 0
    """Pixels by which the crop moves down and to the right of the centre, -16..16."""
    right: int = 0
    colour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """The paper's alphas: how many of its standard deviations' tenths along each principal component of RGB."""
    paint: bytes = b""
    """Bits of the painted pixels of the 256 x 256 square, row by row; empty for none."""

    def __bool__(self) -> bool:
        return self != Edits()

    def crop_view(self, components: npt.NDArray[np.float32], crop_px: int = CROP_PX) -> CropView:
        """The crop to cut, as near as the square has room; `components` (3, 3) are RGB's principal ones, one a row."""
        red, green, blue = np.asarray(self.colour) @ components
        shift = (float(red), float(green), float(blue)) if any(self.colour) else (0.0, 0.0, 0.0)
        middle, room = centre(crop_px), SQUARE_PX - crop_px
        row, column = (max(0, min(room, middle.row + moved)) for moved in (self.down, self.right))
        return CropView(row, column, self.mirror, shift, crop_px)

    def painted(self, square: npt.NDArray[np.uint8], colour: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The square with its painted pixels in one colour (3,)."""
        if not self.paint:
            return square
        bits = np.unpackbits(np.frombuffer(self.paint, np.uint8)).reshape(SQUARE_PX, SQUARE_PX)
        return np.where(bits[..., None] == 1, colour, square).astype(np.uint8)


@dataclass(frozen=True)
class View:
    """Everything that a page's sight depends on, apart from the picture's own pixels."""

    model: str = ""
    sample: str = ""
    """Empty for an uploaded picture."""
    layer: str = "conv1"
    unit: int | None = None
    """Counted from 0; None for the strongest."""
    place: tuple[int, int] | None = None
    """Row and column in the unit's map; None for its strongest value."""
    tab: str = ""
    lesions: Lesions = Lesions()
    edits: Edits = Edits()
    class_id: str = ""
    """Class whose maps are shown; empty for the picture's first choice."""
    beside: str = ""
    """Model that looks at the same picture beside; empty for none."""
    gallery: str = ""
    """Gallery that neighbours come from; empty for the first that fits the model."""
    query: int | None = None
    """Row of the gallery whose neighbours are shown, counted from 0; None for the picture in use."""
    why: int | None = None
    """Row of the neighbour that is explained; None for the nearest."""
    k: int = 6
    """How many neighbours, 1..50; the paper's Figure 4 has six."""
    kernel: int = 0
    """The conv1 kernel that the page Kernels explains, counted from 0."""
    sort: str = ""
    """What the page Kernels orders them by; empty for as learned."""
    ten: bool = False
    """Whether the page Predict looks at ten crops."""
    cam: bool = False
    """Whether it shows Grad-CAM."""
    map: str = ""
    """How the gallery's map places its pictures; empty for the first way there is."""
    by: str = ""
    """What the map's colours say; empty for the first there is."""
    lesson: str = ""
    """Lesson that is open; empty for their list."""
    step: int = 0
    """How far the lesson is, 0 for its question."""
    lang: str = ""
    """Language, "en" or "zh"; empty for the browser's."""
    present: bool = False
    """Large, for a room to read."""

    def fitting(self, config: Config) -> View:
        """The same, without what this network does not have: another model's layers, units and places."""
        if self.layer not in config.layer:
            return replace(self, layer=next(iter(config.layer)), unit=None, place=None)
        row = config.layer[self.layer]
        if self.unit is not None and not 0 <= self.unit < row.units:
            return replace(self, unit=None, place=None)
        if self.place is not None and not all(0 <= at < row.size_px for at in self.place):
            return replace(self, place=None)
        return self

    def to_address(self) -> dict[str, str]:
        """The parts of an address that restore this view; paint and uploads stay out of it. Units count from 1."""
        parts = {"model": self.model, "sample": self.sample, "tab": self.tab, "lang": self.lang, "lesson": self.lesson}
        parts["step"] = str(self.step + 1) if self.lesson and self.step else ""
        parts["kernel"] = str(self.kernel + 1) if self.kernel else ""
        parts |= {"sort": self.sort, "ten": "1" if self.ten else "", "cam": "1" if self.cam else ""}
        parts |= {"map": self.map, "by": self.by}
        parts |= {"class": self.class_id, "beside": self.beside, "gallery": self.gallery}
        parts["query"] = "" if self.query is None else str(self.query + 1)
        parts["why"] = "" if self.why is None else str(self.why + 1)
        parts["k"] = str(self.k) if self.k != View.k else ""
        parts["present"] = "1" if self.present else ""
        parts["layer"] = self.layer if self.layer != View.layer else ""
        parts["unit"] = "" if self.unit is None else str(self.unit + 1)
        parts["at"] = "" if self.place is None else f"{self.place[0] + 1}~{self.place[1] + 1}"
        parts["mute"] = "~".join(f"{target}-{100 * amount:g}" for target, amount in self.lesions.amounts.items())
        edits = self.edits
        parts["mirror"] = "1" if edits.mirror else ""
        parts["shift"] = f"{edits.down}~{edits.right}" if edits.down or edits.right else ""
        parts["colour"] = "~".join(f"{alpha:g}" for alpha in edits.colour) if any(edits.colour) else ""
        return {name: value for name, value in parts.items() if value}

    @staticmethod
    def from_address(parts: Mapping[str, str]) -> View:
        """The view that an address names; what cannot be understood is as if it were not there."""
        unit, at = _whole(parts.get("unit", "")), parts.get("at", "").split("~")
        query, why, k, kernel, step = (_whole(parts.get(name, "")) for name in ("query", "why", "k", "kernel", "step"))
        places = [_whole(part) for part in at]
        down, right = ([_whole(part, signed=True) for part in parts.get("shift", "").split("~")] + [None, None])[:2]
        alphas = [_number(part) for part in parts.get("colour", "").split("~")]
        known = len(alphas) == 3 and all(math.isfinite(alpha) for alpha in alphas)
        edits = Edits(
            mirror=parts.get("mirror") == "1",
            down=max(-MARGIN, min(MARGIN, down or 0)),
            right=max(-MARGIN, min(MARGIN, right or 0)),
            colour=(alphas[0], alphas[1], alphas[2]) if known else (0.0, 0.0, 0.0),
        )
        place = (places[0] - 1, places[1] - 1) if len(places) == 2 and places[0] and places[1] else None
        return View(
            model=parts.get("model", ""),
            sample=parts.get("sample", ""),
            layer=parts.get("layer", View.layer),
            unit=unit - 1 if unit else None,
            place=place,
            tab=parts.get("tab", ""),
            lesions=_lesions(parts.get("mute", "")),
            edits=edits,
            class_id=parts.get("class", ""),
            beside=parts.get("beside", ""),
            gallery=parts.get("gallery", ""),
            query=query - 1 if query else None,
            why=why - 1 if why else None,
            k=max(1, min(MAX_NEIGHBOURS, k or View.k)),
            kernel=kernel - 1 if kernel else 0,
            sort=parts.get("sort", ""),
            ten=parts.get("ten") == "1",
            cam=parts.get("cam") == "1",
            map=parts.get("map", ""),
            by=parts.get("by", ""),
            lesson=parts.get("lesson", ""),
            step=min(step, MAX_STEPS) - 1 if step else 0,
            lang=parts.get("lang", ""),
            present=parts.get("present") == "1",
        )


def _lesions(text: str) -> Lesions:
    lesions = Lesions()
    for part in filter(None, text.split("~")):
        target, _, percent = part.rpartition("-")
        amount = _number(percent) / 100
        if target and math.isfinite(amount):
            lesions = lesions.with_amount(target, amount)
    return lesions


def _whole(text: str, signed: bool = False) -> int | None:
    digits = text.removeprefix("-") if signed else text
    return int(text) if digits.isdecimal() and len(digits) < 9 else None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
