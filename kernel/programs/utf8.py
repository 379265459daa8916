"""Strict UTF-8 (Unicode 15, table 3-7): MicroPython's own check lets overlong forms,
surrogates and numbers past U+10FFFF through. Pure."""

# first and last lead byte; continuation bytes; first and last second byte
FORMS = (
    (0xC2, 0xDF, 1, 0x80, 0xBF),
    (0xE0, 0xE0, 2, 0xA0, 0xBF),
    (0xE1, 0xEC, 2, 0x80, 0xBF),
    (0xED, 0xED, 2, 0x80, 0x9F),
    (0xEE, 0xEF, 2, 0x80, 0xBF),
    (0xF0, 0xF0, 3, 0x90, 0xBF),
    (0xF1, 0xF3, 3, 0x80, 0xBF),
    (0xF4, 0xF4, 3, 0x80, 0x8F),
)

# Leads that MicroPython takes with second bytes that it should not, or at all.
SUSPECT = tuple(bytes((lead,)) for lead in (0xC0, 0xC1, 0xE0, 0xED, 0xF0, 0xF4, 0xF5, 0xF6, 0xF7))


def first_fault(data):
    """Offset of the first sequence in some bytes that is not UTF-8, or -1."""
    try:
        data.decode()
    except UnicodeError:
        return scan(data)
    for lead in SUSPECT:
        if lead in data:
            return scan(data)
    return -1


def scan(data):
    at = 0
    while at < len(data):
        length = 1 if data[at] < 128 else sequence(data, at)
        if length == 0:
            return at
        at += length
    return -1


def sequence(data, at):
    """Length of the sequence of a non-ASCII character; 0: it is wrong."""
    lead = data[at]
    for first, last, count, low, high in FORMS:
        if first <= lead <= last:
            if at + count >= len(data) or not low <= data[at + 1] <= high:
                return 0
            for follow in range(at + 2, at + 1 + count):
                if not 0x80 <= data[follow] <= 0xBF:
                    return 0
            return 1 + count
    return 0
