"""A site's brand for its pages and its widget: the logo's address, and the `brand` member of a page's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.client import schema
from codesvc.config import Brand

if TYPE_CHECKING:
    from codesvc.domain.service_address import ServiceAddress
    from codesvc.sites.directory import SiteEntry

_UNSET: Final = Brand()


def logo_route(site: SiteEntry) -> str | None:
    """The route of a site's logo; None without one. It changes with the picture, so that a browser may keep it."""
    logo = site.looks.logo
    return f"/logos/{site.name}/{logo.tag}" if logo else None


def brand_of(site: SiteEntry, address: ServiceAddress) -> schema.Brand | None:
    """The `brand` member of a page's state; None for a site that has set nothing."""
    if site.config.brand == _UNSET:
        return None
    looks, route = site.looks, logo_route(site)
    return schema.Brand(
        logo=address.url(route) if route else None,
        accent=looks.light.accent if looks.light else None,
        accent_dark=looks.dark.accent if looks.dark else None,
        radius=looks.radius,
        qr_frame=looks.qr_frame,
    )
