"""The published document, read as a client reads it: nothing here asks the code what it meant."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

import jsonschema_rs


@dataclass
class Published:
    """A document and how to hold things against it."""

    document: dict[str, Any]

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                yield method.upper(), path, operation

    def operation(self, method, path):
        """The call that a request meant, by its real path."""
        path = path.partition("?")[0]
        found = [
            (template.count("{"), operation)
            for verb, template, operation in self.operations()
            if verb == method and re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path)
        ]
        assert found, f"{method} {path} is not in the document"
        return min(found, key=lambda one: one[0])[1]

    def faults(self, schema, value):
        """What is wrong with a value, as text."""
        whole = {**schema, "components": self.document["components"]}
        return [
            error.message
            for error in jsonschema_rs.Draft202012Validator(whole, validate_formats=True).iter_errors(value)
        ]

    def hold(self, method, path, answer):
        """Hold one real answer against the document: status, content type, headers, body."""
        operation = self.operation(method, path)
        where = f"{method} {path} {answer.status}"
        described = operation["responses"].get(str(answer.status))
        assert described is not None, f"{where} is not in the document: {answer.text}"
        for name in described["headers"]:
            assert name in answer.headers, f"{where} has no {name}"
        if answer.status == 204:
            assert not described.get("content")
            return
        media = answer.headers["Content-Type"].partition(";")[0]
        assert media in described["content"], f"{where} is {media}"
        if answer.json is not None:
            assert self.faults(described["content"][media]["schema"], answer.json) == [], f"{where}: {answer.text}"

    def closed(self):
        """The same document, but with no room for members that it does not name."""
        document = copy.deepcopy(self.document)
        for schema in document["components"]["schemas"].values():
            if schema.get("additionalProperties") is not True:
                schema["additionalProperties"] = False
        return Published(document)
