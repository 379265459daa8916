"""The shell on the serial console."""
