"""The pages of open.weixin.qq.com and mp.weixin.qq.com, and an imitation of WeChat's browser."""
