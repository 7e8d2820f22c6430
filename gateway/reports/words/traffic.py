"""Texts of the report on roads."""

__all__ = ["TEXTS"]

TEXTS = {
    "traffic.title_day": ("Traffic: daily report", "交通日报"),
    "traffic.title_week": ("Traffic: weekly report", "交通周报"),
    "traffic.zones": ("Districts", "各区"),
    "traffic.segments": ("Road segments", "路段"),
    "traffic.hours": ("Worst hours", "最拥堵时段"),
    "traffic.limit": ("light from 4, moderate from 6, severe from 8", "4 起轻度，6 起中度，8 起严重"),
    "traffic.highest": ("Highest index of a district", "区域最高指数"),
    "traffic.mean": ("Mean index of the districts", "各区平均指数"),
    "traffic.mean_note": ("{zones} districts, each with the same weight", "{zones} 个区，等权平均"),
    "traffic.worst_hour": ("Worst hour, mean of the districts", "最拥堵小时（各区平均）"),
    "traffic.hour_from": ("from {hour}", "{hour} 起"),
    "traffic.congested": ("Moderate or severe congestion", "中度及严重拥堵"),
    "traffic.congested_note": ("sum over all segments", "所有路段合计"),
    "traffic.events": ("Congestion events that ended", "已结束的拥堵事件"),
    "traffic.longest": ("longest {minutes} min: {where}", "最长 {minutes} 分钟：{where}"),
    "traffic.planning": ("Highest planning time index", "最高计划时间指数"),
    "traffic.zone_plot": ("Traffic performance index of the districts", "各区交通运行指数"),
    "traffic.zone_table": ("Index of each district", "各区指数"),
    "traffic.share": ("time at 4 or more", "指数≥4 时间"),
    "traffic.heat": ("Index of the worst segments, hour by hour", "最拥堵路段逐时指数"),
    "traffic.heat_note": (
        "Means of an hour; the {shown} segments with the highest mean, of {of}. Empty: not known.",
        "小时均值；共 {of} 个路段，列出均值最高的 {shown} 个。空白表示未知。",
    ),
    "traffic.segment": ("segment", "路段"),
    "traffic.segment_table": ("The {number} worst segments by their mean index", "平均指数最高的 {number} 个路段"),
    "traffic.segment_note": (
        "TTI travel time index, PTI planning time index (95th percentile), BI buffer index; of a week the worst day's.",
        "TTI 行程时间指数，PTI 计划时间指数（95 分位），BI 缓冲指数；周报取最差一日。",
    ),
    "traffic.minutes": ("at 6 or more", "指数≥6"),
    "traffic.events_short": ("events", "事件"),
    "traffic.hour_table": ("The worst hours of the city", "全市最拥堵的小时"),
    "traffic.hour_begin": ("from", "开始"),
    "traffic.city_mean": ("mean of districts", "各区平均"),
    "traffic.worst_zone": ("worst district", "最拥堵区"),
    "traffic.there": ("there", "该区指数"),
    "traffic.no_zones": ("No index of any district is known in this period.", "本期没有任何区域指数。"),
    "traffic.no_travel": (
        "No reliability of travel times: it is told once a day is over and half of it is known.",
        "没有行程时间可靠性指标：须在一日结束且有半日以上数据后给出。",
    ),
    "traffic.missing": (
        "No index is known of {number} of the {of} segments: {names}.",
        "{of} 个路段中有 {number} 个没有指数：{names}。",
    ),
    "traffic.source": (
        "Index and levels by GB/T 33171-2016 as two independent projects read it. Free flow is what a segment has "
        "shown "
        "itself (85th percentile) once it has told 144 values, and its free-flow speed by the city's file before.",
        "指数与等级按 GB/T 33171-2016（依据两个独立项目的解读）。"
        "路段累计 144 个值后以其自身 85 分位速度为自由流速度，此前采用城市文件中的值。",
    ),
    "traffic.weights": (
        "A district's index is weighted by flow and length of its segments; a value is told where half of them enter.",
        "区域指数按路段流量与长度加权；至少一半路段有数据时才给出。",
    ),
    "level.1": ("smooth", "畅通"),
    "level.2": ("basically smooth", "基本畅通"),
    "level.3": ("light", "轻度拥堵"),
    "level.4": ("moderate", "中度拥堵"),
    "level.5": ("severe", "严重拥堵"),
}
