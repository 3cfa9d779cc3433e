"""Names with operators in brackets, such as `blend(sum,max,0.3)`."""

__all__ = ["arguments_of"]


def arguments_of(name: str, example: str, counts: tuple[int, ...]) -> list[str]:
    """The text between the outer brackets, split at commas outside inner brackets."""
    _, _, inside = name.partition("(")
    arguments, depth = [""], 0
    for character in inside.removesuffix(")"):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += character
    if not name.endswith(")") or depth or len(arguments) not in counts or not all(arguments):
        raise ValueError(f"expected a name such as {example}, got {name!r}")
    return arguments
