"""Texts of the tab where a changed profile is tried."""

from collections.abc import Mapping

__all__ = ["PROFILE_TRIAL_TEXTS"]

PROFILE_TRIAL_TEXTS: Mapping[str, tuple[str, str]] = {
    "trial.explained": (
        "Edit a profile and see what it makes of the newest messages, beside what is made of them now. Nothing is"
        " changed by that: to use it, save it into the folder of profiles and look under Changes in the files.",
        "编辑设备类型配置，并与当前结果对比，查看它会如何解析最近的消息。此操作不会更改任何内容：如需启用，"
        "请保存到配置文件夹，再查看“文件中的更改”。",
    ),
    "trial.profile": ("Kind of device", "设备类型"),
    "trial.new": ("A new one", "新建"),
    "trial.text": ("Profile (TOML)", "配置（TOML）"),
    "trial.limit": ("Messages", "消息数"),
    "trial.try": ("Check against recent messages", "用最近的消息检查"),
    "trial.save": ("Save as a file", "另存为文件"),
    "trial.save_why": ("To your own machine", "保存到您的电脑"),
    "trial.refused": ("This profile can't be used.", "此配置不可用。"),
    "trial.result": ("What becomes of recent messages", "最近消息的结果"),
    "trial.counts": ("How many are what", "各类数量"),
    "trial.looked": (
        "{n} messages; looked at {rows} rows of the journal, back to {since}.",
        "{n} 条消息；查看了日志中的 {rows} 行，最早为 {since}。",
    ),
    "trial.beside": ("Compared with no profile: this one is new.", "没有可对比的配置：这是新类型。"),
    "trial.no_messages": (
        "The journal holds no recent message of these topics, and there is no dead letter of them.",
        "日志中没有这些主题的最近消息，也没有相关的死信。",
    ),
    "trial.becomes": ("Becomes", "结果"),
    "trial.received": ("Received", "接收时间"),
    "trial.message": ("Message", "消息"),
    "trial.messages": ("Messages", "消息"),
    "trial.readings": ("Readings", "读数"),
    "trial.more_readings": ("and {n} more readings", "另有 {n} 个读数"),
    "trial.now_is": ("now: {what}", "当前：{what}"),
}
