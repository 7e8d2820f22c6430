"""Texts of the city page."""

from collections.abc import Mapping

__all__ = ["CITY_TEXTS"]

CITY_TEXTS: Mapping[str, tuple[str, str]] = {
    "city.map": (
        "Map of the city: arrow keys move it, plus and minus zoom, 0 shows all",
        "城市地图：方向键移动，加减键缩放，0 键显示全部",
    ),
    "city.closer": ("Closer", "放大"),
    "city.farther": ("Farther", "缩小"),
    "city.whole": ("The whole city", "全市"),
    "city.cell": ("{n} devices in this cell", "此网格有 {n} 台设备"),
    "city.domains": ("Domains", "各领域"),
    "city.normal": ("normal", "正常"),
    "city.limits": ("limit {limits}", "限值 {limits}"),
    "city.no_limits": ("no limit", "无限值"),
    "city.urgent": ("Most urgent alarms", "最紧急的报警"),
    "city.all_alarms": ("All alarms", "全部报警"),
    "city.incidents": ("Open incidents", "处理中的事件"),
    "city.all_incidents": ("All incidents and reports", "全部事件与上报"),
    "city.parts": ("{n} parts, {standing} standing", "{n} 项，{standing} 项未恢复"),
    "strip.tpi": ("Traffic index, mean of districts", "交通指数（各区平均）"),
    "strip.speed": ("Mean speed", "平均车速"),
    "strip.dtp": ("Worst delay proportion", "最高延误时间比"),
    "strip.voltage_low": ("Lowest voltage", "最低电压"),
    "strip.voltage_high": ("Highest voltage", "最高电压"),
    "strip.loading": ("Highest transformer loading", "变压器最高负载率"),
    "strip.pressure": ("Lowest pressure", "最低压力"),
    "strip.inflow": ("Inflow of metered areas", "计量分区总流量"),
    "strip.lel": ("Highest combustible gas", "可燃气体最高值"),
    "strip.oxygen": ("Lowest oxygen", "最低氧含量"),
    "strip.filling": ("Fullest drain", "最高充满度"),
    "strip.rain": ("Heaviest rain", "最大雨强"),
    "strip.devices": ("Devices", "设备数"),
    "strip.silent": ("{n} silent", "{n} 台无数据"),
    "strip.good": ("Good readings", "合格读数"),
    "strip.of_series": ("of {n} series", "共 {n} 个序列"),
    "strip.rate": ("Readings", "读数速率"),
    "trend.up": ("rising", "上升"),
    "trend.down": ("falling", "下降"),
    "trend.flat": ("steady", "平稳"),
}
