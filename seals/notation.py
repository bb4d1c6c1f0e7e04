"""Numbers as PDF and SVG write them: no exponent, no trailing zeros."""


def compact(value: float, *, places: int = 3) -> str:
    """Return `value` rounded to `places` decimals in the fewest characters."""
    text = f"{value:.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text == "-0":
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
