"""Imports for ever: a module of the image is looked for in the folders each time."""

print("importing")
while True:
    import time  # noqa: F401
