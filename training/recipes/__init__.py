"""One published or planned experiment a file; each defines RECIPE."""
