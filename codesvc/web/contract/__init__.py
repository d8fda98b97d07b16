"""The published contract: a declaration of every call, and the OpenAPI document made from the declarations.

The types of requests are those of `codesvc.web.api.inputs`, which also validate them. The types of answers are those of
`codesvc.client.schema`; a test compares real answers with them. A test fails if a route has no declaration, or a
declaration no route.
"""

from codesvc.web.contract.document import OPERATIONS, describe

__all__ = ["OPERATIONS", "describe"]
