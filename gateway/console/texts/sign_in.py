"""Texts of the sign-in page."""

from collections.abc import Mapping

__all__ = ["SIGN_IN_TEXTS"]

SIGN_IN_TEXTS: Mapping[str, tuple[str, str]] = {
    "sign_in.title": ("Sign in", "登录"),
    "sign_in.token": ("Access token", "访问令牌"),
    "sign_in.hint": (
        "It begins with cl_. The first start printed one; an administrator makes others by `cityloom access create`.",
        "以 cl_ 开头。首次启动时会显示一次；其他令牌由管理员用 cityloom access create 创建。",
    ),
    "sign_in.go": ("Sign in", "登录"),
}
