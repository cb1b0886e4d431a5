"""What a model relies on and withstands: robustness, occlusion, saliency, OOD photos."""
