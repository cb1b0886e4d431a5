"""Random augmentation of training photos: transforms, serialized pipelines, mixing."""
