"""Texts of a bounded length, and what there is to say of an error."""


def shortened(text, length):
    """The UTF-8 of a text, cut to so many bytes between two characters."""
    data = text.encode()
    if len(data) <= length:
        return data
    while data[length] & 0xC0 == 0x80:  # in the midst of a character
        length -= 1
    return data[:length]


def described(error):
    """Name and text of an error, as the last line of a traceback has them."""
    name, text = type(error).__name__, text_of(error)
    return "%s: %s" % (name, text) if text else name


def text_of(error):
    """The text of an error; "" if its class, which may be a program's, cannot say."""
    try:
        return str(error)
    except Exception:
        return ""
