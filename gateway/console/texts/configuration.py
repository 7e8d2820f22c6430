"""Texts of the page of the configuration."""

from collections.abc import Mapping

__all__ = ["CONFIGURATION_TEXTS"]

CONFIGURATION_TEXTS: Mapping[str, tuple[str, str]] = {
    "configuration.tab_profiles": ("Kinds of devices", "设备类型"),
    "configuration.tab_conditions": ("Conditions", "判定规则"),
    "configuration.tab_trial": ("Try a change", "试用更改"),
    "configuration.to_trial": ("Change and try it", "修改并试用"),
    "configuration.tab_changes": ("Changes in the files", "文件中的更改"),
    "configuration.quantity": ("Quantity", "量"),
    "configuration.path": ("Path", "路径"),
    "configuration.wire_unit": ("Unit on the wire", "线上单位"),
    "configuration.unit": ("Stored in", "存储单位"),
    "configuration.span": ("Sensor's span", "量程"),
    "configuration.plausible": ("Plausible span", "合理范围"),
    "configuration.kind": ("Kind", "类别"),
    "configuration.steps": ("Judged by", "判定依据"),
    "configuration.explained": (
        "The gateway reads the files that it was started with. Look first what would change; what can't be used is"
        " refused whole.",
        "网关将重新读取其启动时使用的文件。请先查看会有哪些更改；不可用的配置会被整体拒绝。",
    ),
    "configuration.check": ("What would change?", "查看更改"),
    "configuration.apply": ("Apply", "应用"),
    "configuration.applied": ("Applied.", "已应用。"),
    "configuration.refused": ("The files can't be used; nothing was changed.", "文件不可用，未作任何更改。"),
    "configuration.same": ("Nothing is another.", "没有更改。"),
    "configuration.ends": ("{what} at {where} ends: nothing judges it any more", "{where} 的 {what} 将结束：不再判定"),
    "configuration.what": ("What", "对象"),
    "configuration.which": ("Which", "名称"),
    "configuration.before": ("Before", "之前"),
    "configuration.after": ("After", "之后"),
}
