"""The smallest job: what conftest and the tests of whole jobs share."""

# Told apart by body and bands even at 32 pixels; the smallest net that timm has.
CATEGORIES = ("100R_1-4W", "10R_2W", "180K_1-2W", "1K_2W")
TINY = (
    "model.backbone=test_resnet.r160_in1k",
    "model.pretrained=false",
    "data.image_size=32",
    "data.batch_size=8",
    "data.folds=4",
    "data.workers=0",
    "trainer=cpu",
    "trainer.precision=32-true",
    "trainer.max_epochs=2",
    "tracking.system_metrics=false",
    "unknown=2",
    "gallery=6",
)
