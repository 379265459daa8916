"""The programs that come with the kernel: `run NAME`."""

NAMES = ("echo", "hello", "idctest", "ping", "wordcount")
