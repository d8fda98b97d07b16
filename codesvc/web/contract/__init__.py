"""The published contract: every call, declared once, and the OpenAPI document made of the declarations.

Shapes of requests are those of `codesvc.web.api.inputs`, which validate them; shapes of answers those of
`codesvc.client.schema`, which real answers are held against by a test. A route without a declaration fails a test, and
so does the reverse.
"""

from codesvc.web.contract.document import OPERATIONS, describe

__all__ = ["OPERATIONS", "describe"]
