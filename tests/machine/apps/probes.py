"""probes RANGE...: tries to read, write and jump to pages, and counts what became of it.

A RANGE is START:COUNT:STRIDE, all hexadecimal. Each access is made at a place of its
page that moves from page to page. What is said of a region's offset is left out."""

import sys

import cpu

PAGE = 4096
WORD = 8


def without_offset(text):
    start = text.find(" at offset")
    end = text.find(",", start)
    return text if start < 0 else text[:start] + text[end if end >= 0 else -1 :]


def count(start, pages, stride):
    found = {}
    for page in range(pages):
        address = start + page * stride + page * WORD % PAGE
        for access in (cpu.READ, cpu.WRITE, cpu.JUMP):
            text = cpu.probe(address, access)
            text = "went through: %d" % access if text is None else without_offset(text)
            found[text] = found.get(text, 0) + 1
    return found


for number, argument in enumerate(sys.argv[1:]):
    start, pages, stride = (int(part, 16) for part in argument.split(":"))
    for text, times in count(start, pages, stride).items():
        print("range %d: %d x %s" % (number, times, text))
