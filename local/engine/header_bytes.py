"""Header values with bytes beyond ASCII are kept and answered byte for byte, as S3 does with the headers of an object.

The engine reads a value as UTF-8 where it can and writes it as Latin-1 where it can, which are other bytes.
"""

import ministack.app as app

from .seams import instead


@instead(app, "decode_header_value")
def decode_header_value(value: bytes) -> str:
    return value.decode("latin-1")
