"""AlexNet itself: geometry, weights, preprocessing and inference. Importing it never imports torch."""
