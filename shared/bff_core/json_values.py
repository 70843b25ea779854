"""JSON values as parsers give them: equality and pointers."""


def json_equal(left: object, right: object) -> bool:
    """Compare two parsed JSON documents by JSON's data model.

    `true` is not 1, 1 equals 1.0, and the order of an object's keys does not matter. NaN, which is
    not JSON, equals nothing, itself included. Nesting is walked with a list, not by recursion.
    """
    pending = [(left, right)]
    while pending:
        one, other = pending.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pending.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pending.extend(zip(one, other, strict=True))
        elif isinstance(one, bool) or isinstance(other, bool):
            if one is not other:
                return False
        elif one != other:
            return False
    return True


def json_pointer(path: str, step: str | int) -> str:
    """Extend a JSON pointer (RFC 6901) by one key or index."""
    return f"{path}/{str(step).replace('~', '~0').replace('/', '~1')}"
