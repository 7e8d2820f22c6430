"""Texts of the report on the alarm system itself."""

__all__ = ["TEXTS"]

TEXTS = {
    "alarms.title_day": ("Alarm performance: daily report", "报警系统绩效日报"),
    "alarms.title_week": ("Alarm performance: weekly report", "报警系统绩效周报"),
    "isa.rate": ("Rate", "报警率"),
    "isa.actors": ("Most frequent alarms", "最频繁的报警"),
    "isa.priorities": ("Priorities", "优先级分布"),
    "isa.acknowledge": ("Time to acknowledge", "确认时间"),
    "isa.stale": ("Stale alarms", "长期未恢复的报警"),
    "isa.number": ("Alarms announced", "报警次数"),
    "isa.per_ten": ("Per operator in 10 min", "每人每 10 分钟"),
    "isa.per_hour": ("Per operator-hour", "每人每小时"),
    "isa.most": ("Most in 10 min", "10 分钟最多"),
    "isa.flood": ("Time in flood", "报警泛滥时间"),
    "isa.top": ("Share of the ten most frequent", "前十名占比"),
    "isa.chattering": ("Chattering alarms", "抖动报警"),
    "isa.stale_number": ("Stale alarms at the end", "期末长期报警"),
    "isa.limit_rate": ("1 is acceptable, 2 the most that is manageable", "1 可接受，2 为上限"),
    "isa.limit_hour": ("6 acceptable, 12 manageable", "6 可接受，12 为上限"),
    "isa.limit_most": ("at most {flood}", "不超过 {flood}"),
    "isa.limit_flood": ("below 1 %", "低于 1 %"),
    "isa.limit_top": ("below 1 to 5 %", "低于 1～5 %"),
    "isa.limit_none": ("none", "无"),
    "isa.limit_stale": ("below 5", "少于 5"),
    "isa.tens": ("alarms in 10 min", "每 10 分钟报警数"),
    "isa.tens_plot": ("Alarms in each ten minutes", "每 10 分钟报警次数"),
    "isa.manageable": ("manageable", "可处理"),
    "isa.flood_line": ("flood", "泛滥"),
    "isa.top_plot": ("The ten most frequent alarms", "前十名报警"),
    "isa.top_table": ("The ten most frequent alarms", "前十名报警"),
    "isa.top_note": (
        "Chattering: {times} times within a minute. {others} alarms that are not in this list chatter as well.",
        "抖动：一分钟内 {times} 次。另有 {others} 个不在表中的报警也有抖动。",
    ),
    "isa.share": ("share", "占比"),
    "isa.chatters": ("chatters", "抖动"),
    "isa.high": ("critical and high", "紧急与高"),
    "isa.guide": ("guide", "建议"),
    "isa.critical": ("Of these critical: {number}.", "其中紧急：{number}。"),
    "isa.priority_table": ("Priorities against the guide of 80 / 15 / 5 %", "优先级与 80 / 15 / 5 % 建议对照"),
    "isa.acknowledge_table": ("From being told to being acknowledged", "从发出到确认"),
    "isa.acknowledged": ("acknowledged", "已确认"),
    "isa.median": ("median", "中位数"),
    "isa.ninety": ("90 % within", "90 % 以内"),
    "isa.longest": ("longest", "最长"),
    "isa.since": ("since", "自"),
    "isa.standing": ("standing", "持续"),
    "isa.stale_table": ("Standing for more than a day when the period ended", "期末持续超过一天的报警"),
    "isa.stale_note": ("{shown} of {of}, the oldest first.", "共 {of} 个，列出最久的 {shown} 个。"),
    "isa.no_stale": ("No alarm stood for more than a day.", "没有持续超过一天的报警。"),
    "isa.nobody": (
        "Nobody acknowledged an alarm in this period: of the time to acknowledge nothing is known.",
        "本期没有人确认报警：确认时间未知。",
    ),
    "isa.operators": (
        "Alarms are shared among {number} operator(s), as was asked for.",
        "按要求以 {number} 名值班员计算。",
    ),
    "isa.source": (
        "Measures and targets of ANSI/ISA-18.2-2016 clause 16 and EEMUA 191, from memory of both. A flood here is "
        "any ten "
        "minutes of the clock with more than ten alarms; the standard lets it last until there are less than five.",
        "指标与目标取自 ANSI/ISA-18.2-2016 第 16 章与 EEMUA 191（凭记忆）。"
        "此处泛滥指任一 10 分钟内超过 10 次报警；标准中泛滥持续到少于 5 次为止。",
    ),
    "isa.counted": (
        "Counted is what calls an operator; shelved and suppressed alarms, and those that came too late to act on, "
        "are not.",
        "只计需要值班员处理的报警；搁置、抑制及过迟到达者不计。",
    ),
}
