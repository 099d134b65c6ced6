"""S3 Inventory configurations of a bucket. The engine knows none; reports are made by `npm run local:inventory`."""

from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring

import ministack.services.s3 as s3

from .seams import around

PAGE = 100
LIMIT = 1000
_REQUIRED = ("Id", "IsEnabled", "IncludedObjectVersions", "Schedule/Frequency")
_DESTINATION = "Destination/S3BucketDestination"


def _stored(name: str) -> dict[str, str]:
    """Documents by ID. They live with the bucket, and end with it."""
    return s3._buckets[name].setdefault("_inventories", {})


def _plain(element: Element) -> Element:
    for part in element.iter():
        part.tag = part.tag.rpartition("}")[2]
    return element


def _answer(root: Element):
    root.set("xmlns", s3.S3_NS)
    return 200, {"Content-Type": "application/xml"}, s3._xml_body(root)


def _id_of(query: dict) -> str:
    return s3._qp(query, "id", "")


def _missing(name: str):
    return s3._error("NoSuchConfiguration", "The specified configuration does not exist.", 404, f"/{name}")


def _get(name: str, query: dict):
    text = _stored(name).get(_id_of(query))
    return _missing(name) if text is None else _answer(fromstring(text))


def _list(name: str, query: dict):
    after = s3._qp(query, "continuation-token", "")
    waiting = sorted(key for key in _stored(name) if key > after)
    root = Element("ListInventoryConfigurationsResult")
    if after:
        SubElement(root, "ContinuationToken").text = after
    for key in waiting[:PAGE]:
        root.append(fromstring(_stored(name)[key]))
    more = len(waiting) > PAGE
    SubElement(root, "IsTruncated").text = str(more).lower()
    if more:
        SubElement(root, "NextContinuationToken").text = waiting[PAGE - 1]
    return _answer(root)


def _put(name: str, query: dict, body: bytes):
    try:
        root = _plain(fromstring(body))
    except ParseError:
        root = Element("Nothing")
    needed = (*_REQUIRED, f"{_DESTINATION}/Bucket", f"{_DESTINATION}/Format")
    if not all(root.findtext(path) for path in needed):
        message = "The XML you provided was not well-formed or did not validate against our published schema"
        return s3._error("MalformedXML", message, 400)
    if root.findtext("Id") != _id_of(query):
        return s3._error("InvalidArgument", "The id of the configuration is not the one of the request", 400)
    stored = _stored(name)
    if _id_of(query) not in stored and len(stored) >= LIMIT:
        message = "You are attempting to create a new configuration but have already reached the 1,000-configuration limit."
        return s3._error("TooManyConfigurations", message, 400)
    stored[_id_of(query)] = tostring(root, encoding="unicode")
    return 200, {}, b""


def _delete(name: str, query: dict):
    if _stored(name).pop(_id_of(query), None) is None:
        return _missing(name)
    return 204, {}, b""


@around(s3, "_dispatch")
def dispatch(inner, method, bucket, key, headers, body, query):
    if not bucket or key or "inventory" not in query:
        return inner(method, bucket, key, headers, body, query)
    if bucket not in s3._buckets:
        return s3._no_such_bucket(bucket)
    if method == "GET":
        return _get(bucket, query) if "id" in query else _list(bucket, query)
    if method == "PUT":
        return _put(bucket, query, body)
    if method == "DELETE":
        return _delete(bucket, query)
    return s3._error("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
