"""Trains, tracks and judges classifiers that read resistors from photos."""

import os

# Libraries that ask their makers' servers for a newer version, or tell them of their use, read
# these once, when they are imported; Hydra may import one by its name before any module of ours.
# Worker processes inherit them. Whoever sets one has the say.
for _name in ("NO_ALBUMENTATIONS_UPDATE", "HF_HUB_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY"):
    os.environ.setdefault(_name, "true")

__version__ = "0.1.0"
