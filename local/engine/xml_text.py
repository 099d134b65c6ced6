"""XML documents as the S3 API takes and gives them, from plain values."""

from xml.sax.saxutils import escape


def xml(tag: str, value) -> str:
    """One element: a dict becomes children, a list repeats the element, None leaves it out."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(xml(tag, item) for item in value)
    if isinstance(value, dict):
        return f"<{tag}>{''.join(xml(name, child) for name, child in value.items())}</{tag}>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{tag}>{escape(text)}</{tag}>"


def with_children(document: bytes, closing_tag: str, children: str) -> bytes:
    """`document` with `children` added at the end of the element that `closing_tag` names."""
    return document.replace(f"</{closing_tag}>".encode(), f"{children}</{closing_tag}>".encode(), 1)
