"""Cookies that another host of a domain puts into a visitor's browser."""

from __future__ import annotations

from yarl import URL


def plant(planter, visitor, website):
    """Put the cookies that a website gave to one session of aiohttp into another one."""
    cookies = {cookie.key: cookie.value for cookie in planter.cookie_jar}
    visitor.cookie_jar.update_cookies(cookies, URL(website))
