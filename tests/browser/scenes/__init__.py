"""Every state that a person can see, as a walk to it: what `tests.browser.screens` photographs and axe reads."""

from tests.browser.scenes import embedded, hosted, rare, service, wechat
from tests.browser.scenes.registry import INSIDE_WECHAT, SCENES, looking

__all__ = ["INSIDE_WECHAT", "SCENES", "embedded", "hosted", "looking", "rare", "service", "wechat"]
