"""Texts of the reports on water mains, gas and drains."""

__all__ = ["TEXTS"]

TEXTS = {
    "water.title_day": ("Water mains: daily report", "供水日报"),
    "water.title_week": ("Water mains: weekly report", "供水周报"),
    "water.night": ("Night flow", "夜间流量"),
    "water.balance": ("Balance of the metered areas", "分区计量平衡"),
    "water.pressure": ("Pressure", "压力"),
    "water.night_flow": ("Night flow, sum of the areas", "夜间最小流量合计"),
    "water.areas_known": ("{known} of {of} areas are known", "{of} 个分区中 {known} 个有数据"),
    "water.leakage": ("Of that leakage, estimated", "其中估计漏损"),
    "water.leakage_short": ("leakage", "估计漏损"),
    "water.worst_leakage": ("most: {zone}, {flow} m³/h", "最大：{zone} {flow} m³/h"),
    "water.supply": ("Supplied to the areas", "供水量"),
    "water.supply_short": ("supply", "供水量"),
    "water.days_known": ("{known} of {of} days of areas are known", "{of} 个分区日中 {known} 个已知"),
    "water.loss": ("Lost, of what was supplied", "漏损率"),
    "water.loss_unknown": ("no customers' meters: not known", "没有用户表数据：未知"),
    "water.loss_short": ("loss", "损失"),
    "water.share": ("share", "漏损率"),
    "water.lowest_pressure": ("Lowest pressure, 15-min mean", "最低压力（15 分钟均值）"),
    "water.pressure_limit": ("alarm at {kpa} kPa", "{kpa} kPa 报警"),
    "water.night_plot": ("Night flow of each area", "各分区夜间最小流量"),
    "water.night_note": (
        "Least mean of four quarter hours in a row; of a week the mean of its nights.",
        "连续四个 15 分钟均值的最小值；周报为各夜平均。",
    ),
    "water.used": ("night use, or not known", "夜间用水或未知"),
    "water.flow_plot": ("Net inflow of each area", "各分区净流入"),
    "water.flow_note": (
        "In less out, quarter hours in which every meter is known.",
        "流入减流出，仅含所有流量计均有数据的 15 分钟。",
    ),
    "water.balance_table": ("Balance of each area", "各分区水量平衡"),
    "water.night_table": ("Night flow of each area", "各分区夜间流量"),
    "water.connections": ("connections", "户数"),
    "water.days": ("days known", "已知天数"),
    "water.impossible": (
        "A night flow below 0 was told of {number} of the areas, which can't be, and is left out: a gauge of a tank "
        "jumped, "
        "or a meter runs backwards: {names}.",
        "{number} 个分区出现负的夜间流量（不可能），未计入：水池液位计跳变或流量计反向：{names}。",
    ),
    "water.balance_note": (
        "Supply = in - out - change of storage, over the local days that are known whole; loss = supply - metered.",
        "供水量 = 流入 − 流出 − 蓄水变化，只计完整已知的当地日；损失 = 供水量 − 用户计量。",
    ),
    "water.night_mean": ("mean 02–04 h", "02–04 时均值"),
    "water.least": ("night flow", "夜间流量"),
    "water.per_connection": ("per connection", "每户"),
    "water.inflow": ("in", "流入"),
    "water.outflow": ("out", "流出"),
    "water.storage": ("storage", "蓄水变化"),
    "water.metered": ("metered", "用户计量"),
    "water.pressure_plot": ("Pressure of the loggers", "各测点压力"),
    "water.pressure_note": ("Means of 15 minutes.", "15 分钟均值。"),
    "water.silent": (
        "Nothing came from {number} of the flow meters at borders: {names}.",
        "{number} 个边界流量计没有数据：{names}。",
    ),
    "water.no_night": (
        "No night flow is known of {number} of the areas: {names}.",
        "{number} 个分区没有夜间流量：{names}。",
    ),
    "water.window": (
        "The night flow is looked for from {begin} to {end}, as configured; the mean from 02:00 to 04:00 stands "
        "beside it.",
        "夜间流量按配置在 {begin} 至 {end} 之间取值；同时给出 02:00–04:00 均值。",
    ),
    "water.source": (
        "Leakage is the night flow less what is used at night legitimately, by connections; without a figure for "
        "that it is not "
        "known. A day in which a border meter or a tank's gauge misses more than the configured share is unknown.",
        "漏损为夜间流量减去合法夜间用水（按户数），缺少该值时未知。边界流量计或水池液位缺数超过配置比例的日子为未知。",
    ),
    "gas.title_day": ("Gas: daily report", "燃气日报"),
    "gas.title_week": ("Gas: weekly report", "燃气周报"),
    "gas.highest": ("{title}, highest", "{title}最高"),
    "gas.lowest": ("{title}, lowest", "{title}最低"),
    "gas.limit": ("steps {steps}", "阈值 {steps}"),
    "gas.plot": ("{title}: all detectors", "{title}：各探测器"),
    "gas.plot_note": ("Highest reading of each 15 minutes.", "每 15 分钟的最高读数。"),
    "gas.plot_note_low": ("Lowest reading of each 15 minutes.", "每 15 分钟的最低读数。"),
    "gas.silent": (
        "Nothing usable came from {number} of the detectors: {names}.",
        "{number} 个探测器没有可用数据：{names}。",
    ),
    "gas.source": (
        "Readings that failed a check of their quality are left out, here as in alarms. Steps are those of the "
        "conditions; "
        "GB 50838 allows 20 % LEL at most as a set value in utility tunnels.",
        "未通过质量检查的读数不计入，与报警一致。阈值即报警条件的设定；"
        "GB 50838 规定综合管廊报警设定值不高于 20 % LEL。",
    ),
    "drainage.title_day": ("Drains: daily report", "排水日报"),
    "drainage.title_week": ("Drains: weekly report", "排水周报"),
    "drainage.filling": ("Filling of drains", "管道充满度"),
    "drainage.rain": ("Rain", "降雨"),
    "drainage.highest": ("Highest filling", "最高充满度"),
    "drainage.limit": ("surcharge above 100 %", "超过 100 % 为超载"),
    "drainage.surcharged": ("Drains that surcharged", "超载的管道"),
    "drainage.surcharged_note": ("{hours} h in all", "合计 {hours} 小时"),
    "drainage.fell": ("Rain, mean of the gauges", "降雨量（各雨量计平均）"),
    "drainage.most_rain": ("most: {gauge}, {mm} mm", "最大：{gauge} {mm} mm"),
    "drainage.plot": ("Filling: level over diameter", "充满度：水位与管径之比"),
    "drainage.plot_note": (
        "Highest of each 15 minutes; of a well without a pipe over the height at which it spills.",
        "每 15 分钟的最高值；无管道的井以溢流高度为基准。",
    ),
    "drainage.crown": ("crown", "管顶"),
    "drainage.high": ("high", "高"),
    "drainage.table": ("The {shown} fullest drains, of {of}", "最满的 {shown} 处（共 {of} 处）"),
    "drainage.table_note": (
        "Above: as long as the filling was high, as alarms have it.",
        "超高时间：充满度达到报警“高”级的时长。",
    ),
    "drainage.drain": ("drain", "管道"),
    "drainage.above": ("above", "超高时间"),
    "drainage.rain_plot": ("Rain, hour by hour", "逐时降雨"),
    "drainage.rain_bar": ("rain", "降雨"),
    "drainage.rain_note": (
        "Mean of {gauges} gauges, of those that told something in the hour.",
        "{gauges} 个雨量计中该小时有数据者的平均。",
    ),
    "drainage.no_figures": ("No filling of any drain is known in this period.", "本期没有任何充满度数据。"),
    "drainage.silent": (
        "Nothing came from {number} of the rain gauges: {names}.",
        "{number} 个雨量计没有数据：{names}。",
    ),
    "drainage.partly": (
        "Less than nine tenths of the period are known of {number} of the drains: {names}.",
        "{number} 处管道的数据不足本期的九成：{names}。",
    ),
    "drainage.source": (
        "No standard has numbers for drains: thresholds are the city's own, as configured.",
        "排水没有数值标准：阈值为本市自行配置。",
    ),
}
