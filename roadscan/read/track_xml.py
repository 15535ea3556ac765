"""The elements of a track in XML, one by one.

Parsed without keeping any: 200,000 points of GPX (19 MB) take 3.5 s and 145 MB this way; as a whole
tree and through gpxpy they took 13.5 s and 340 MB.
"""

from collections.abc import Iterator
from io import StringIO
from xml.etree.ElementTree import Element, ParseError
from xml.parsers.expat import errors

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

MAX_DEPTH = 50
CUT_OFF = frozenset(
    {errors.codes[errors.XML_ERROR_NO_ELEMENTS], errors.codes[errors.XML_ERROR_UNCLOSED_TOKEN]}
)
"""What the parser says at the end of a file that ends before its elements do."""


def closed_elements(text: str, warnings: list[str]) -> Iterator[tuple[Element, list[Element]]]:
    """Yield each element at its end, with those that are open around it, the innermost last.

    Its children have been let go by then. A file that ends in the middle ends the iteration with a
    warning.

    Raises
    ------
    ValueError
        If it is not well-formed, declares entities, or is nested too deeply for a track.
    """
    parents: list[Element] = []
    try:
        for event, element in iterparse(StringIO(text), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                parents.append(element)
                if len(parents) > MAX_DEPTH:
                    message = f"elements are nested more than {MAX_DEPTH} deep"
                    raise ValueError(message)
                continue
            parents.pop()
            yield element, parents
            if parents:
                parents[-1].remove(element)
    except ParseError as error:
        if error.code not in CUT_OFF:
            message = f"it is not well-formed XML: {error}"
            raise ValueError(message) from error
        warnings.append("track_cut_off: the file ends before its end tags")
    except DefusedXmlException as error:
        message = "it declares a document type, which may hold entities"
        raise ValueError(message) from error


def local_name(element: Element) -> str:
    """Return an element's name in lower case, without its namespace."""
    return str(element.tag).rsplit("}", 1)[-1].lower()
