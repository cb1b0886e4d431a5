"""Light as a sum of layers, each of one colour, computed a strip of rows at a time.

One map and one colour per layer need a third of the work of a map for each colour channel. The
maps of a strip stay in the cache of a processor's core, those of a whole photo do not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from resistor_cls.synthetic.scene import Map, Rgb

# Colours of layers of red, green and blue.
RGB: tuple[Rgb, ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
# Pixels of a strip: 64,000 take 256 kB a map, and half a dozen maps are in use.
_STRIP = 64_000


class Factor(Protocol):
    """A map of the photo, (size, size), of which rows can be taken as of an array."""

    def __getitem__(self, rows: slice, /) -> Map: ...


@dataclass(frozen=True)
class Texture:
    """A map of few values, computed once for each of 256 levels.

    Attributes:
        levels: (size, size) uint8.
        values: (1, 256) float32, what the levels stand for.
    """

    levels: NDArray[Any]
    values: Map

    def __getitem__(self, rows: slice) -> Map:
        """Returns the values of some rows, (rows, size)."""
        return cv2.LUT(self.levels[rows], self.values)


@dataclass(frozen=True)
class Layer:
    """Light of one colour.

    Attributes:
        colour: reflectance, linear.
        factors: their product is the intensity of the light.
    """

    colour: Rgb
    factors: tuple[Factor, ...]

    def intensity(self, rows: slice) -> Map:
        """Returns the intensity of the light, (rows, size)."""
        product, *others = (factor[rows] for factor in self.factors)
        for other in others:
            product = cv2.multiply(product, other)
        return product


@dataclass(frozen=True)
class Patch:
    """An object that covers a part of the photo.

    Attributes:
        cover: coverage by the object, (height, width) from 0 to 1.
        layers: what the object reflects of the light that falls there, (height, width) each,
            already multiplied by the coverage.
        colours: reflectance of each layer, linear.
        corner: column and row of the first pixel; the patch may extend beyond the photo.
    """

    cover: Map
    layers: tuple[Map, ...]
    colours: tuple[Rgb, ...]
    corner: tuple[int, int]

    def overlap(
        self, rows: slice, columns: slice
    ) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Finds the part of the patch that lies in a part of the photo.

        Returns:
            Its rows and columns in the patch, and in the part of the photo.
        """
        (left, top), (height, width) = self.corner, self.cover.shape
        patch_rows, photo_rows = _overlap(top, height, rows)
        patch_columns, photo_columns = _overlap(left, width, columns)
        return (patch_rows, patch_columns), (photo_rows, photo_columns)


def _overlap(first: int, length: int, part: slice) -> tuple[slice, slice]:
    # An object beside the part has nothing in it: the end must not come before the beginning.
    begin = max(first, part.start)
    end = max(begin, min(first + length, part.stop))
    return slice(begin - first, end - first), slice(begin - part.start, end - part.start)


@dataclass(frozen=True)
class LitScene:
    """The light that reaches the camera.

    Attributes:
        light: what falls on table and objects, (size, size).
        table: layers of the empty table.
        objects: what lies on it; later ones cover earlier ones.
        exposure: (3, 3) from reflected light to what the camera's red, green and blue receive.
    """

    light: Map
    table: tuple[Layer, ...]
    objects: tuple[Patch, ...]
    exposure: Map

    def shaded(self, shadow: Map) -> "LitScene":
        """Returns the scene with less light on the table.

        Args:
            shadow: share of the light that is left, (size, size).
        """
        table = tuple(replace(layer, factors=(*layer.factors, shadow)) for layer in self.table)
        return replace(self, table=table)

    def of_rows(self, rows: slice) -> Map:
        """Computes red, green and blue light of some rows, (3, rows, size) float32."""
        layers = [layer.intensity(rows) for layer in self.table]
        planes = np.empty((3, *layers[0].shape), np.float32)
        for plane, weights in zip(planes, self._table_weights, strict=True):
            _mix(plane, layers, weights)
        for patch, of_patch in zip(self.objects, self._object_weights, strict=True):
            self._cover(planes, patch, of_patch, rows)
        return planes

    def _cover(self, planes: Map, patch: Patch, weights: list[list[float]], rows: slice) -> None:
        inside, visible = patch.overlap(rows, slice(0, self.light.shape[1]))
        cover = patch.cover[inside]
        if not cover.size:
            return
        uncovered, light = 1.0 - cover, self.light[rows][visible]
        layers = [cv2.multiply(layer[inside], light) for layer in patch.layers]
        for plane, of_plane in zip(planes, weights, strict=True):
            part = plane[visible]
            cv2.multiply(part, uncovered, dst=part)
            _add(part, layers, of_plane)

    @cached_property
    def _table_weights(self) -> list[list[float]]:
        return _weights(self.exposure, [layer.colour for layer in self.table])

    @cached_property
    def _object_weights(self) -> list[list[list[float]]]:
        return [_weights(self.exposure, patch.colours) for patch in self.objects]


def _weights(exposure: Map, colours: Sequence[Rgb]) -> list[list[float]]:
    """How much each colour adds to red, to green and to blue."""
    weights: list[list[float]] = (exposure @ np.array(colours, np.float32).T).tolist()
    return weights


def _mix(light: Map, layers: Sequence[Map], weights: Sequence[float]) -> None:
    """Overwrites a map with the sum of layers, each times its weight."""
    if len(layers) == 1:
        np.multiply(layers[0], np.float32(weights[0]), out=light)
        return
    cv2.addWeighted(layers[0], weights[0], layers[1], weights[1], 0.0, dst=light)
    _add(light, layers[2:], weights[2:])


def _add(light: Map, layers: Sequence[Map], weights: Sequence[float]) -> None:
    for layer, weight in zip(layers, weights, strict=True):
        cv2.scaleAdd(layer, weight, light, dst=light)


def strips(side: int, oversampling: int = 1) -> Iterator[slice]:
    """Divides the rows of a photo into strips.

    Args:
        side: of the photo, in pixels.
        oversampling: samples per pixel and axis.
    """
    rows = max(1, _STRIP // (side * oversampling**2))
    return (slice(first, min(first + rows, side)) for first in range(0, side, rows))
