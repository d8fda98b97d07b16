"""The browser side: pages of open.weixin.qq.com and mp.weixin.qq.com, and WeChat's own browser."""
