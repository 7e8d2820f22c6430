"""Texts of the page of daily and weekly reports."""

from collections.abc import Mapping

__all__ = ["DOCUMENT_TEXTS"]

DOCUMENT_TEXTS: Mapping[str, tuple[str, str]] = {
    "documents.title": ("Daily and weekly reports", "日报周报"),
    "documents.explained": (
        "What devices, conditions and alarms came to in a day or a week, domain by domain, as a page and as PDF.",
        "按领域汇总一日或一周的设备数据、判定结果与报警，可在网页查看或下载 PDF。",
    ),
    "documents.about": ("About", "内容"),
    "documents.span": ("Of a", "周期"),
    "documents.day": ("Day, or one of the week", "日期（或该周内任一天）"),
    "documents.language": ("In", "语言"),
    "documents.operators": ("Operators on shift", "值班人数"),
    "documents.make": ("Make", "生成"),
    "documents.nothing_chosen": ("Choose at least one thing to report about.", "请至少选择一项内容。"),
    "documents.ordered": ("Ordered: {what}", "已提交：{what}"),
    "documents.orders": ("Being made", "正在生成"),
    "documents.waits": ("waits for its turn", "排队中"),
    "documents.reads": ("{share} %, reading {what}", "{share}%，正在读取 {what}"),
    "documents.begins": ("begins", "即将开始"),
    "documents.progress": ("How far {what} is", "{what} 的进度"),
    "documents.give_up": ("Give up", "放弃"),
    "documents.went_wrong": ("{what} was not made: {problem} {remedy}", "{what} 未生成：{problem} {remedy}"),
    "documents.kept": ("Made so far", "已生成"),
    "documents.report": ("Report", "报告"),
    "documents.period": ("Period", "日期"),
    "documents.made": ("Made", "生成时间"),
    "documents.by": ("By", "生成人"),
    "documents.until": ("Knows up to", "数据截至"),
    "documents.files": ("Files", "文件"),
    "documents.whole": ("the end", "周期结束"),
    "documents.open": ("Open", "打开"),
    "documents.save": ("PDF, {size}", "PDF，{size}"),
    "documents.open_which": ("Open {what}", "打开{what}"),
    "documents.save_which": ("Download {what} as PDF", "下载 {what}（PDF）"),
    "documents.none": ("None yet: have some made above.", "暂无报告：请在上方生成。"),
    "documents.fewest": ("The oldest go where there are more than {n}.", "最多保留 {n} 份，超出后删除最早的。"),
}
