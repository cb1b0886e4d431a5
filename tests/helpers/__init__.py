"""What several tests share: places, small photos, models, packages and jobs."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
REAL_PHOTOS = ROOT.parent / "shared" / "data" / "resistor37"
PIPELINE = Path(__file__).with_name("pipeline.json")
