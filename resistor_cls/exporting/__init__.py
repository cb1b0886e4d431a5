"""A trained model to one ONNX file, scored against the model that it was made of."""
