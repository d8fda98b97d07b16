"""The configuration: a TOML file becomes frozen, typed `Settings`, or a `ConfigError` that lists every fault."""

from codesvc.config.account_settings import Account, MessageTemplate
from codesvc.config.brand_settings import Brand
from codesvc.config.faults import ConfigError, Fault
from codesvc.config.loading import load, parse
from codesvc.config.service_settings import Service
from codesvc.config.settings import (
    Admin,
    AdminKey,
    ApiKey,
    Limits,
    Operator,
    Purpose,
    Secrets,
    Settings,
    Site,
    Store,
    Webhook,
    purpose_defaults,
    standing_purposes,
)
from codesvc.config.texts import LocalText
from codesvc.domain.limits import Rate
from codesvc.domain.secret import Secret
from codesvc.domain.webhook import EventType

__all__ = [
    "Account",
    "Admin",
    "AdminKey",
    "ApiKey",
    "Brand",
    "ConfigError",
    "EventType",
    "Fault",
    "Limits",
    "LocalText",
    "MessageTemplate",
    "Operator",
    "Purpose",
    "Rate",
    "Secret",
    "Secrets",
    "Service",
    "Settings",
    "Site",
    "Store",
    "Webhook",
    "load",
    "parse",
    "purpose_defaults",
    "standing_purposes",
]
