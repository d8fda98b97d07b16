"""The routes of the drop-in widget: `/widget.js`, its texts by language, and its TypeScript types."""

from aiohttp import web

from codesvc.web.context import services

routes = web.RouteTableDef()


@routes.get("/widget.js")
async def script(request: web.Request) -> web.Response:
    """The widget's script."""
    return services(request).widget.script.answer(request)


@routes.get("/widget/{language}.json")
async def language(request: web.Request) -> web.Response:
    """The widget's texts in the language that is nearest to the path's tag."""
    return services(request).widget.said_in(request.match_info["language"]).answer(request)


@routes.get("/widget.d.ts")
async def types(request: web.Request) -> web.Response:
    """The widget's TypeScript types."""
    return services(request).widget.types.answer(request)
