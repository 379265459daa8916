# Each case prints its name, then the calls in progress as C code sees them. The
# test finds the line numbers by the marks: "# <- name of the function".
import frames


def case(name):
    print("##", name)
    globals()[name]()  # <- case
    print("== depth", frames.depth())


def inner(argument=0, *, named=1):
    frames.show()  # <- inner


def nested():
    inner(named=2)  # <- nested


def generate():
    yield 1
    frames.show()  # <- generate
    yield 2


def delegate():
    yield from generate()  # <- delegate


def generators():
    for _ in delegate():  # <- generators
        pass


def abandoned():
    generator = generate()
    next(generator)
    generator.close()
    frames.show()  # <- abandoned


def thrown():
    generator = delegate()
    next(generator)
    try:
        generator.throw(ValueError)
    except ValueError:
        frames.show()  # <- thrown


def fail(depth):
    if depth == 0:
        raise KeyError
    try:
        fail(depth - 1)
    finally:
        depth += 1


def exceptions():
    for _ in range(100):
        try:
            fail(5)
        except KeyError:
            pass
    frames.show()  # <- exceptions


def callback():
    sorted([2, 1], key=lambda item: frames.show(item))  # <- callback


def large():
    a = b = c = d = e = f = g = h = i = j = k = l = m = n = o = p = 1  # noqa: E741, F841
    inner()  # <- large
    return [a, b, c, d, e, f, g, h, [i, j, k, l, [m, n, o, p]]]


def body():
    class Body:  # <- body
        frames.show()  # <- Body


def deep(depth=40):
    if depth == 0:
        frames.show()  # <- deepest
    else:
        deep(depth - 1)  # <- deep


def aborts():
    def victim():
        for _ in generate():
            frames.abort()

    assert frames.guard(victim) is True
    assert frames.guard(lambda: None) is False
    frames.show()  # <- aborts


def raises_through_guard():
    try:
        frames.guard(lambda: fail(3))
    except KeyError:
        frames.show()  # <- raises_through_guard


def corrupt():
    frames.corrupt()


def trap():
    frames.trap()  # <- trap


for name in (
    "nested generators abandoned thrown exceptions callback large body deep aborts "
    "raises_through_guard corrupt trap"
).split():
    case(name)  # <- <module>
