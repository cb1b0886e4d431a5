"""The band reader: an upright crop in, the colours of its bands out, in their order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import timm
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from resistor_cls.bands import BANDS, MAX_BANDS, WATTS, BandScores
from resistor_cls.categories import Categories
from resistor_cls.category_codes import code_table

NAME = "band_reader"  # of the backbone in `model.backbone`
TRUNK = "resnet10t"
WIDTH = 160  # features of a token
_COLUMN_CLASSES = len(BANDS) + 1  # a colour, the coating, or no body


@dataclass(frozen=True)
class Reading:
    """What is read of the crops of a batch, and what category logits are made of.

    Attributes:
        slots: (batch, `MAX_BANDS`, `BANDS`) logits of the bands from left to right.
        direction: (batch, 2) logits: the first digit is the leftmost band, or the rightmost.
        watts: (batch, `WATTS`) logits of the power rating.
        columns: (batch, columns / 4, colours, coating and no body) logits of what covers the axis.
        features: (batch, `WIDTH`) of the whole part.
    """

    slots: Tensor
    direction: Tensor
    watts: Tensor
    columns: Tensor
    features: Tensor


def scores_of(reading: Reading) -> BandScores:
    """The log-probabilities of a reading as arrays."""
    slots, direction, watts = (
        logits.detach().log_softmax(dim=-1).cpu().numpy()
        for logits in (reading.slots, reading.direction, reading.watts)
    )
    return BandScores(slots, direction, watts)


class BandReader(nn.Module):
    """Reads the bands of upright crops from left to right.

    The trunk keeps positions along the body's axis as a row of tokens, one for eight columns of
    the crop. A transformer compares them with each other: a colour is recognized against its
    neighbours, and the direction of reading by the gaps. One learned query for each band collects
    its colour (as objects in DETR, Carion et al. 2020).

    The logit of a category is the log-probability of its codes and power rating, plus a linear
    term of the features, which is 0 until photos with labels train it. A category is known before
    the first photo of it, as long as its name gives its value.

    Args:
        categories: names; logit `i` belongs to `categories[i]`.
        channels: of the photos.
    """

    trunk: Any  # timm's networks share methods, but no class
    num_features = WIDTH
    # Where saliency maps are computed, as nets of timm say it.
    feature_info = ({"module": "coarse", "num_chs": WIDTH},)

    def __init__(self, categories: Sequence[str], channels: int = 3) -> None:
        super().__init__()
        self.trunk = timm.create_model(
            TRUNK, pretrained=False, features_only=True, out_indices=(2, 3), in_chans=channels
        )
        fine, coarse = self.trunk.feature_info.channels()
        self.fine, self.coarse = nn.Conv2d(fine, WIDTH, 1), nn.Conv2d(coarse, WIDTH, 1)
        self.row_scores = nn.Conv2d(WIDTH, 4, 1)
        self.norm = nn.LayerNorm(WIDTH)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, 0.0, batch_first=True, norm_first=True),
            2,
            enable_nested_tensor=False,
        )
        # One query for each band, one for the direction, one for the power rating.
        self.queries = nn.Parameter(torch.randn(MAX_BANDS + 2, WIDTH) * 0.02)
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(WIDTH, 4, 2 * WIDTH, 0.0, batch_first=True, norm_first=True),
            2,
            norm=nn.LayerNorm(WIDTH),
        )
        self.columns = nn.Linear(WIDTH, 2 * _COLUMN_CLASSES)
        self.slots = nn.Linear(WIDTH, len(BANDS))
        self.direction = nn.Linear(WIDTH, 2)
        self.watts = nn.Linear(WIDTH, len(WATTS))

        self.of_categories = CategoryCodes(Categories(categories))
        self.head = nn.Linear(WIDTH, len(categories))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @property
    def reads_any_value(self) -> bool:
        """Whether no photo with a label has trained the linear term of the categories."""
        return not (self.head.weight.any() or self.head.bias.any())

    def get_classifier(self) -> nn.Module:
        """The layer that only photos with labels train."""
        return self.head

    def forward(self, photos: Tensor) -> Tensor:
        """Computes the logits of the categories: see `forward_features` and `forward_head`."""
        logits: Tensor = self.forward_head(self.forward_features(photos))
        return logits

    def forward_features(self, photos: Tensor) -> Reading:
        """Reads a batch.

        Args:
            photos: (batch, channels, rows, columns), normalized upright crops.
        """
        # Rows of 24 tokens are too short for fused attention: plain products are faster by a fifth.
        with sdpa_kernel(SDPBackend.MATH):
            tokens = self.encoder(self._tokens(photos))
            # `len` would fix the size of the batch in an exported graph.
            queries = self.queries.expand(photos.shape[0], -1, -1)
            found = self.decoder(queries, tokens)
        return Reading(
            slots=self.slots(found[:, :MAX_BANDS]).float(),
            direction=self.direction(found[:, MAX_BANDS]).float(),
            watts=self.watts(found[:, MAX_BANDS + 1]).float(),
            columns=self.columns(tokens).unflatten(2, (2, -1)).flatten(1, 2).float(),
            features=found.mean(dim=1).float(),
        )

    def forward_head(self, reading: Reading, pre_logits: bool = False) -> Tensor:
        """Logits (batch, categories), or the features (batch, `WIDTH`) before them."""
        if pre_logits:
            return reading.features
        logits: Tensor = self.of_categories(reading) + self.head(reading.features)
        return logits

    def _tokens(self, photos: Tensor) -> Tensor:
        """(batch, columns / 8, WIDTH): the rows of each column averaged by learned weights."""
        fine, coarse = self.trunk(photos)
        maps = self.coarse(coarse)
        maps = nn.functional.interpolate(maps, size=fine.shape[2:], mode="nearest")
        maps = nn.functional.gelu(self.fine(fine) + maps)
        weights = self.row_scores(maps).softmax(dim=2)
        groups = maps.unflatten(1, (weights.shape[1], -1))
        tokens = (groups * weights[:, :, None]).sum(dim=3).flatten(1, 2).transpose(1, 2)
        placed: Tensor = self.norm(tokens) + _positions(tokens.shape[1], tokens)
        return placed


def _positions(count: int, like: Tensor) -> Tensor:
    """(count, WIDTH) sines and cosines of the position (Vaswani et al. 2017)."""
    place = torch.arange(count, dtype=torch.float32, device=like.device)[:, None]
    rates = torch.exp(torch.arange(0, WIDTH, 2, device=like.device) * (-math.log(200.0) / WIDTH))
    angles = place * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1).to(like.dtype)


class CategoryCodes(nn.Module):
    """The log-probability of each category from the bands and the power rating alone.

    Args:
        categories: of which the bands or the value are known; the others have the probability that
            is left, in equal parts.
    """

    bands: Tensor
    directions: Tensor
    watts: Tensor
    log_priors: Tensor
    categories: Tensor

    def __init__(self, categories: Categories) -> None:
        super().__init__()
        self._count = len(categories)
        table = code_table(categories)
        place = np.arange(MAX_BANDS) * len(BANDS) + table.slots
        for name, values in (
            ("bands", place),  # of the logits of all slots in a row
            ("directions", table.directions),
            ("watts", table.watts % (len(WATTS) + 1)),  # -1, any, is the last
            ("log_priors", table.log_priors.astype(np.float32)),
            ("categories", table.categories),
        ):
            # Computed from the names of the categories: constants need no place in files.
            self.register_buffer(name, torch.from_numpy(values), persistent=False)

    def forward(self, reading: Reading) -> Tensor:
        """Log-probabilities (batch, categories); `_LEAST` where nothing speaks for one."""
        slots = reading.slots.log_softmax(dim=2).flatten(1)
        scores = slots[:, self.bands].sum(dim=2) + self.log_priors
        scores = scores + reading.direction.log_softmax(dim=1)[:, self.directions]
        watts = nn.functional.pad(reading.watts.log_softmax(dim=1), (0, 1))
        return _logsumexp_by(scores + watts[:, self.watts], self.categories, self._count)


_LEAST = -20.0  # log-probability: below, gradients and half precision only see noise


def _logsumexp_by(scores: Tensor, group: Tensor, count: int) -> Tensor:
    """The logarithm of the sum of exponentials of the columns of each group: (batch, count)."""
    least = scores.new_full((scores.shape[0], count), _LEAST)
    groups = group.expand_as(scores)
    highest = least.scatter_reduce(1, groups, scores, "amax").detach()
    sums = torch.exp(least - highest)  # a group without columns has just the least
    sums = sums.scatter_add(1, groups, torch.exp(scores - highest.gather(1, groups)))
    return sums.log() + highest
