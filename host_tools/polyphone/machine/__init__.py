"""Machines: QEMU started with what the boards say, and the consoles of its guests."""
