"""Training AlexNet: pictures on disk in, one ONNX file out. `python -m training.run` is the way in."""
