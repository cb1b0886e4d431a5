"""A set of synthetic photos for programs: Croissant 1.0 of MLCommons, which is JSON-LD.

Source: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from resistor_cls.describing.dataset_card import BOX_COLUMNS
from resistor_cls.describing.model_card import LICENSES
from resistor_cls.describing.synthetic_set import BOXES, SCENES, SyntheticSet

_CONTEXT = Path(__file__).parent / "templates" / "croissant_context.json"
_CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
_PHOTOS = "photos"
_CATEGORY = r"(.+)_\(\d+\)\.jpg$"  # of the name of a photo


def croissant(
    synthetic: SyntheticSet, license: str, url: str = "", published: str = ""
) -> dict[str, Any]:
    """Describes a set.

    Args:
        synthetic: the set.
        license: as SPDX writes it.
        url: where it is published; Croissant requires one.
        published: the day, as ISO 8601 writes it; Croissant requires one.

    Returns:
        Values of JSON.
    """
    request = synthetic.request
    address = {"url": url, "datePublished": published}
    return {
        "@context": json.loads(_CONTEXT.read_text(encoding="utf-8")),
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS_TO,
        "name": "synthetic_resistors",
        "description": f"{synthetic.photos:,} synthetic photos of {len(request['names'])} "
        f"categories of resistors, {request['size']} pixels wide and high, drawn by the generator "
        f"of resistor_cls, version {request['drawing_version']}, with seed {request['seed']}.",
        "license": f"https://spdx.org/licenses/{license}.html" if license in LICENSES else license,
        **{key: value for key, value in address.items() if value},
        "creator": {"@type": "sc:Organization", "name": "The resistor_cls developers"},
        "version": f"{request['drawing_version']}.0.0",
        "keywords": ["resistor", "colour code", "synthetic data"],
        "isLiveDataset": False,
        "distribution": [
            *(_file(synthetic.folder / name) for name in (BOXES, SCENES)),
            {
                "@type": "cr:FileSet",
                "@id": _PHOTOS,
                "name": _PHOTOS,
                "description": "A folder for each category.",
                "encodingFormat": "image/jpeg",
                "includes": "*/*.jpg",
            },
        ],
        "recordSet": [
            _categories(synthetic),
            _samples(),
            _table(BOXES, synthetic.boxes, BOX_COLUMNS),
            _table(SCENES, synthetic.scenes, {}),
        ],
    }


def _file(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.name,
        "contentSize": f"{len(content)} B",
        "encodingFormat": "text/csv",
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _categories(synthetic: SyntheticSet) -> dict[str, Any]:
    fields = [
        _field("categories", "name", "Label of the category.", "sc:Text"),
        _field("categories", "photos", "Number of its photos.", "sc:Integer"),
    ]
    rows = [
        {"categories/name": name, "categories/photos": count}
        for name, count in synthetic.counts.items()
    ]
    found = _record_set("categories", "The labels.", "name", fields)
    return {**found, "dataType": "sc:Enumeration", "data": rows}


def _samples() -> dict[str, Any]:
    def field(name: str, words: str, kind: str, file_property: str) -> dict[str, Any]:
        source = {"fileSet": {"@id": _PHOTOS}, "extract": {"fileProperty": file_property}}
        return {**_field("samples", name, words, kind), "source": source}

    category = field("category", "Label of the photo.", "sc:Text", "filename")
    category["source"]["transform"] = {"regex": _CATEGORY}
    category["references"] = {"field": {"@id": "categories/name"}}
    fields = [
        field("image", "The photo.", "sc:ImageObject", "content"),
        field("file", "Path of the photo, as in the tables.", "sc:Text", "fullpath"),
        category,
    ]
    return _record_set("samples", "The photos with their labels.", "file", fields)


def _table(file: str, rows: Sequence[Sequence[str]], words: Mapping[str, str]) -> dict[str, Any]:
    name = file.removesuffix(".csv")
    fields = []
    for place, column in enumerate(rows[0]):
        kind = "sc:Float" if all(_is_number(row[place]) for row in rows[1:]) else "sc:Text"
        described = words.get(column, column.replace("_", " "))
        source = {"fileObject": {"@id": file}, "extract": {"column": column}}
        fields.append({**_field(name, column, described, kind), "source": source})
    return _record_set(name, f"The rows of {file}, one for each photo.", "file", fields)


def _record_set(
    name: str, description: str, key: str, fields: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    node = {"@type": "cr:RecordSet", "@id": name, "name": name, "description": description}
    return {**node, "key": {"@id": f"{name}/{key}"}, "field": fields}


def _field(record_set: str, name: str, description: str, kind: str) -> dict[str, Any]:
    node = {"@type": "cr:Field", "@id": f"{record_set}/{name}", "name": name}
    return {**node, "description": description, "dataType": kind}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
