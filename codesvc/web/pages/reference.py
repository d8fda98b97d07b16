"""The routes of the published contract: `/openapi.json` for programs, `/docs` and its sections for people."""

from aiohttp import web

from codesvc.web.context import services
from codesvc.web.languages import speech_for
from codesvc.web.pages.contract_page import LANGUAGES
from codesvc.web.problem import Problem

routes = web.RouteTableDef()


@routes.get("/openapi.json")
async def document(request: web.Request) -> web.Response:
    """The contract as OpenAPI 3.1."""
    return services(request).reference.json.answer(request)


@routes.get("/docs")
@routes.get("/docs/{section}")
async def read(request: web.Request) -> web.Response:
    """The contract as pages: an overview, and a page for each section.

    `lang` of the query (`zh` or `en`) goes before the browser's language.
    """
    language = request.query.get("lang", "")
    if language not in LANGUAGES:
        language = "zh" if speech_for(request).name.startswith("zh") else "en"
    page = services(request).reference.page(request.match_info.get("section", ""), language)
    if page is None:
        raise Problem("not-found", "The reference has no such section.")
    return page.answer(request)
