"""Exported models: one ONNX file that holds all of a model, and runs without PyTorch."""
