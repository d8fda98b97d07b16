"""The phone page at `/`: static files of the package, each with a Content-Security-Policy.

The policy allows only the package's own files. `frame.html` has a policy of its own: it shows the foreign page that
`POST /sandbox/users/{openid}/open` fetched. It allows styles and pictures of other hosts, but no scripts and no form
submissions.
"""

from functools import cache
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
_FRAME_POLICY = (
    "default-src 'none'; style-src http: https: 'unsafe-inline'; img-src http: https: data:; font-src http: https:; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin allow-forms"
)
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}


@cache
def _files() -> dict[str, Path]:
    return {path.relative_to(_FILES).as_posix(): path for path in _FILES.rglob("*") if path.is_file()}


class PhonePage:
    """Serves the page. The files are listed at the start, so that a request can reach no other file."""

    def __init__(self) -> None:
        self._files = _files()

    def routes(self) -> list[web.RouteDef]:
        """The routes of the page."""
        return [web.get("/", self.show_index), web.get("/static/{name:.+}", self.show_file)]

    async def show_index(self, _request: web.Request) -> web.StreamResponse:
        """The page itself."""
        return self._serve("index.html")

    async def show_file(self, request: web.Request) -> web.StreamResponse:
        """One static file: a style sheet, a script, a picture or a licence."""
        return self._serve(request.match_info["name"])

    def _serve(self, name: str) -> web.StreamResponse:
        path = self._files.get(name)
        if path is None or path.suffix not in _TYPES:
            raise web.HTTPNotFound
        policy = _FRAME_POLICY if name == "frame.html" else _PAGE_POLICY
        headers = {**_HEADERS, "Content-Type": _TYPES[path.suffix], "Content-Security-Policy": policy}
        return web.FileResponse(path, headers=headers)
