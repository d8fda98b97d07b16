"""The phone page at `/`: static files that are part of the package, each with a policy that lets nothing else in.

`frame.html` is the odd one out. It is the in-phone browser's sheet of paper, onto which the page lays what `POST
/sandbox/users/{openid}/open` fetched: there a stranger's styles and pictures are welcome and scripts and submissions
are not.
"""

from pathlib import Path

from aiohttp import web

_FILES = Path(__file__).with_name("static")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    "": "text/plain; charset=utf-8",
}
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PAPER_POLICY = (
    "default-src 'none'; style-src http: https: 'unsafe-inline'; img-src http: https: data:; font-src http: https:; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin allow-forms"
)
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}


class PhonePage:
    """Serves the page; its files are listed once, so that a path can name nothing beside them."""

    def __init__(self) -> None:
        self._files = {path.relative_to(_FILES).as_posix(): path for path in _FILES.rglob("*") if path.is_file()}

    def routes(self) -> list[web.RouteDef]:
        """The paths."""
        return [web.get("/", self.show_index), web.get("/static/{name:.+}", self.show_file)]

    async def show_index(self, _request: web.Request) -> web.StreamResponse:
        """The page itself."""
        return self._serve("index.html")

    async def show_file(self, request: web.Request) -> web.StreamResponse:
        """A style, a module, a picture, a licence."""
        return self._serve(request.match_info["name"])

    def _serve(self, name: str) -> web.StreamResponse:
        path = self._files.get(name)
        if path is None or path.suffix not in _TYPES:
            raise web.HTTPNotFound
        policy = _PAPER_POLICY if name == "frame.html" else _PAGE_POLICY
        headers = {**_HEADERS, "Content-Type": _TYPES[path.suffix], "Content-Security-Policy": policy}
        return web.FileResponse(path, headers=headers)
