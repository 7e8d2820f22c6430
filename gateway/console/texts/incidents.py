"""Texts of the page of incidents and reports."""

from collections.abc import Mapping

__all__ = ["INCIDENT_TEXTS"]

INCIDENT_TEXTS: Mapping[str, tuple[str, str]] = {
    "incidents.open": ("Open incidents", "处理中的事件"),
    "incidents.all": ("All incidents", "全部事件"),
    "incidents.none": ("No incidents: nothing belongs together.", "没有事件。"),
    "incidents.what": ("Likely first cause", "可能的起因"),
    "incidents.parts": ("Parts", "组成"),
    "incidents.standing": ("Standing", "未恢复"),
    "incidents.reports": ("Reports", "上报"),
    "incidents.parts_said": (
        "parts {n}, standing {standing}, reports {reports}",
        "共 {n} 项，未恢复 {standing} 项，上报 {reports} 条",
    ),
    "incidents.time_line": ("Time line", "时间线"),
    "incidents.happened": ("What happened", "经过"),
    "incidents.cause": ("◂ marks the likely first cause", "◂ 为可能的起因"),
    "incidents.stands": ("stands", "未恢复"),
    "incidents.over": ("over", "已结束"),
    "incidents.more": ("and {n} more", "另有 {n} 项"),
    "reports.title": ("Reports", "上报"),
    "reports.new": ("New report", "新建上报"),
    "reports.fresh": ("{n} new", "{n} 条新上报"),
    "reports.everything": ("resolved ones, too", "包括已解决的"),
    "reports.none": ("No reports.", "没有上报。"),
    "reports.kind": ("Kind", "类别"),
    "reports.due": ("Due", "时限"),
    "reports.text": ("What was said", "内容"),
    "reports.asset": ("Asset", "设施"),
    "reports.point": ("Longitude, latitude", "经度，纬度"),
    "reports.bad_point": (
        "A point is a longitude and a latitude, such as 113.31, 23.13.",
        "请填写经度和纬度，例如 113.31, 23.13。",
    ),
    "reports.contact": ("Contact", "联系方式"),
    "reports.show_contact": ("Show", "显示"),
    "reports.add": ("Take down", "登记"),
    "reports.added": ("Report {name} is taken down.", "已登记上报 {name}。"),
    "reports.done": ("Report {name}: {state}", "上报 {name}：{state}"),
    "reports.incident": ("Its incident", "所属事件"),
}
