"""What people call things of fixed kinds: flags, states, domains, quantities. Names are those of the standards."""

from collections.abc import Mapping

__all__ = ["TERMS"]

Table = Mapping[str, tuple[str, str]]

_PRIORITIES: Table = {
    "1": ("critical", "紧急"), "2": ("high", "高"), "3": ("medium", "中"), "4": ("low", "低"),
}  # fmt: skip
_ALARM_STATES: Table = {
    "normal": ("normal", "正常"), "unacknowledged": ("unacknowledged", "未确认"),
    "acknowledged": ("acknowledged", "已确认"), "returned": ("returned, unacknowledged", "已恢复未确认"),
    "latched": ("latched", "已锁存"), "shelved": ("shelved", "已搁置"),
    "suppressed": ("suppressed by design", "已抑制"),
    "out_of_service": ("out of service", "已停用"),
}  # fmt: skip
_ALARM_CHANGES: Table = {
    "raised": ("raised", "产生"), "repeated": ("came again", "再次产生"), "level": ("level changed", "级别变化"),
    "returned": ("returned to normal", "恢复正常"), "acknowledged": ("acknowledged", "确认"),
    "reset": ("reset", "复位"),
    "shelved": ("shelved", "搁置"), "unshelved": ("brought back", "取消搁置"), "suppressed": ("suppressed", "抑制"),
    "unsuppressed": ("no longer suppressed", "取消抑制"), "removed_from_service": ("taken out of service", "停用"),
    "returned_to_service": ("brought into service", "投用"), "commented": ("commented", "备注"),
    "retired": ("closed: no longer configured", "关闭：不再配置"),
}  # fmt: skip
_DOMAINS: Table = {
    "traffic": ("Traffic", "交通"), "grid": ("Power grid", "电网"), "water": ("Water", "供水"),
    "gas": ("Gas", "燃气"),
    "drainage": ("Drainage", "排水"), "device": ("Devices", "设备"), "city": ("City", "城市"),
}  # fmt: skip
_ROLES: Table = {
    "viewer": ("viewer", "观察员"), "operator": ("operator", "值班员"), "engineer": ("engineer", "工程师"),
    "administrator": ("administrator", "管理员"),
}  # fmt: skip
_PROFILE_CHANGES: Table = {
    "same": ("same", "相同"), "changed": ("changed", "有变化"), "new": ("new", "新增"), "lost": ("lost", "丢失"),
    "unread": ("unread, then as now", "无法解析（前后一样）"),
}  # fmt: skip
_FLAGS: Table = {
    "1": ("good", "合格"), "2": ("not evaluated", "未评估"), "3": ("suspect", "可疑"), "4": ("fail", "不合格"),
    "9": ("missing", "缺失"),
}  # fmt: skip
_WHY: Table = {
    "gross_range": ("outside the range", "超量程"), "missing_value": ("sent as missing", "设备报缺"),
    "receipt_time": ("stamped at receipt", "以接收时间计"), "late": ("late", "迟到"),
    "clock_offset": ("device clock is off", "设备时钟偏差"), "replayed": ("replayed", "重放"),
    "rate_of_change": ("changed too fast", "变化过快"), "spike": ("spike", "尖峰"),
    "flat_line": ("flat line", "数值不变"),
    "attenuated_signal": ("attenuated signal", "信号衰减"), "climatology": ("unusual for the hour", "与同时段不符"),
    "time_gap": ("first after a gap", "间断后首条"), "neighbour": ("unlike its neighbours", "与邻近设备不符"),
    "cross_quantity": ("contradicts another quantity", "与其他量矛盾"), "data_reception": ("silent", "无数据"),
    "historical": ("kept by the device while offline", "离线期间补传"),
}  # fmt: skip
_INCIDENT_STATES: Table = {
    "open": ("open", "处理中"), "closing": ("closing", "即将关闭"), "closed": ("closed", "已关闭"),
    "merged": ("merged", "已合并"),
}  # fmt: skip
_INCIDENT_EVENTS: Table = {
    "opened": ("opened", "产生"), "joined": ("joined", "并入"), "over": ("over", "结束"),
    "again": ("came again", "再次发生"),
    "priority": ("priority changed", "优先级变化"), "cause": ("likely cause changed", "可能原因变化"),
    "closing": ("closing", "即将关闭"), "closed": ("closed", "关闭"), "reopened": ("reopened", "重新打开"),
    "merged": ("merged", "合并"),
}  # fmt: skip
_REPORT_STATES: Table = {
    "received": ("received", "已接收"), "accepted": ("accepted", "已受理"), "dispatched": ("dispatched", "已派单"),
    "resolved": ("resolved", "已解决"), "confirmed": ("confirmed by the citizen", "市民已确认"),
    "reopened": ("reopened", "重新打开"), "due_soon": ("due soon", "即将超时"), "overdue": ("overdue", "超时"),
}  # fmt: skip
_REPORT_ACTS: Table = {
    "accepted": ("Accept", "受理"), "dispatched": ("Dispatch", "派单"), "resolved": ("Resolve", "解决"),
    "confirmed": ("Confirm", "确认"), "reopened": ("Reopen", "重新打开"),
}  # fmt: skip
_TARGETS: Table = {"accept": ("accept", "受理"), "resolve": ("resolve", "解决"), "": ("none", "无")}
_REPORT_KINDS: Table = {
    "no-water": ("No water", "停水"), "low-water-pressure": ("Low water pressure", "水压低"),
    "water-leak": ("Water leak", "漏水"), "gas-smell": ("Smell of gas", "燃气异味"),
    "power-out": ("Power out", "停电"),
    "voltage-trouble": ("Voltage trouble", "电压异常"), "road-flooded": ("Road flooded", "道路积水"),
    "congestion": ("Congestion", "拥堵"), "signal-broken": ("Traffic signal broken", "信号灯故障"),
    "manhole": ("Manhole cover missing or broken", "井盖缺失或损坏"), "other": ("Other", "其他"),
}  # fmt: skip
_ASSET_KINDS: Table = {
    "segment": ("road segment", "路段"), "feeder": ("feeder", "馈线"), "transformer": ("transformer", "变压器"),
    "dma": ("metered area", "计量分区"), "inlet": ("inlet", "进水口"), "outlet": ("outlet", "出水口"),
    "storage": ("tank", "水池"), "critical-point": ("critical point", "最不利点"), "district": ("district", "行政区"),
    "tunnel-section": ("utility tunnel section", "管廊舱段"), "regulator-station": ("regulator station", "调压站"),
    "pump-station": ("pump station", "泵站"), "manhole": ("manhole", "检查井"), "device": ("device", "设备"),
    "zone": ("zone", "区域"),
}  # fmt: skip
_QUANTITIES: Table = {
    "speed": ("speed", "速度"), "flow": ("flow", "流量"), "occupancy": ("occupancy", "占有率"),
    "headway": ("headway", "车头时距"),
    "temperature": ("temperature", "温度"), "humidity": ("humidity", "湿度"), "battery": ("battery", "电池"),
    "level": ("level", "液位"), "energy": ("energy", "电量"), "power": ("power", "功率"),
    "p": ("active power", "有功功率"),
    "q": ("reactive power", "无功功率"), "s": ("apparent power", "视在功率"), "pf": ("power factor", "功率因数"),
    "f": ("frequency", "频率"), "u_a": ("voltage A", "A 相电压"), "u_b": ("voltage B", "B 相电压"),
    "u_c": ("voltage C", "C 相电压"), "u_ab": ("voltage AB", "AB 线电压"), "u_bc": ("voltage BC", "BC 线电压"),
    "u_ca": ("voltage CA", "CA 线电压"), "i_a": ("current A", "A 相电流"), "i_b": ("current B", "B 相电流"),
    "i_c": ("current C", "C 相电流"), "thd_u": ("voltage distortion", "电压畸变率"), "pressure": ("pressure", "压力"),
    "volume": ("volume", "累计水量"), "rain": ("rain", "降雨"), "lel": ("combustible gas", "可燃气体"),
    "co": ("carbon monoxide", "一氧化碳"), "h2s": ("hydrogen sulphide", "硫化氢"), "o2": ("oxygen", "氧气"),
    "oil": ("oil temperature", "油温"), "winding": ("winding temperature", "绕组温度"),
    "ambient": ("ambient", "环境温度"),
    "noise": ("noise", "噪声"), "leq": ("equivalent level", "等效声级"), "lmax": ("maximum level", "最大声级"),
    "pm25": ("PM2.5", "PM2.5"), "wind": ("wind", "风速"), "gusts": ("gusts", "阵风"), "voltage": ("voltage", "电压"),
    "current": ("current", "电流"), "rssi": ("signal strength", "信号强度"), "tpi": ("traffic index", "交通指数"),
    "dtp": ("delay time proportion", "延误时间比"), "filling": ("filling", "充满度"),
    "loading": ("loading", "负载率"),
    "unbalance": ("unbalance", "不平衡度"), "density": ("density", "密度"),
    "service": ("level of service", "服务水平"),
    "congestion_km": ("congested length", "拥堵里程"), "night_flow": ("night flow", "夜间流量"),
    "congestion_segments": ("congested segments", "拥堵路段数"),
    "congestion_worst": ("worst congestion", "最重拥堵等级"),
    "congestion_secs": ("duration", "持续时间"), "fault": ("fault", "故障"), "flashing": ("flashing", "黄闪"),
    "dark": ("dark", "熄灭"), "stage": ("stage", "相位"), "colour": ("colour", "灯色"), "cycle": ("cycle", "周期"),
    "residual": ("residual voltage", "残余电压"), "duration": ("duration", "持续时间"), "hatch": ("hatch", "井盖"),
}  # fmt: skip
_SOURCE_STATES: Table = {
    "subscribed": ("subscribed", "已订阅"), "connecting": ("connecting", "连接中"),
    "waiting": ("waiting to try again", "等待重试"),
    "connected": ("connected", "已连接"), "stopped": ("stopped", "已停止"),
    "writing": ("writing", "写入中"), "halted": ("halted", "已暂停"), "starting": ("starting", "启动中"),
    "retrying": ("retrying", "重试中"),
}  # fmt: skip
_DEVICE_STATES: Table = {
    "known": ("listed", "已登记"), "provisioned": ("met on the wire", "自动发现"),
    "pending": ("waits for approval", "待批准"),
}  # fmt: skip

_TOKEN_STATES: Table = {
    "valid": ("valid", "有效"), "expired": ("expired", "已过期"), "revoked": ("revoked", "已吊销"),
}  # fmt: skip

_DOCUMENT_DOMAINS: Table = {
    **{name: _DOMAINS[name] for name in ("traffic", "grid", "water", "gas", "drainage")},
    "alarms": ("Alarms", "报警"), "data": ("Data", "数据"),
}  # fmt: skip
_DOCUMENT_KINDS: Table = {"day": ("day", "日"), "week": ("week, from Monday", "周（周一起）")}
TERMS: Mapping[str, Table] = {
    "token_state": _TOKEN_STATES, "document_domain": _DOCUMENT_DOMAINS, "document_kind": _DOCUMENT_KINDS,
    "priority": _PRIORITIES, "alarm_state": _ALARM_STATES, "alarm_change": _ALARM_CHANGES, "domain": _DOMAINS,
    "profile_change": _PROFILE_CHANGES, "role": _ROLES,
    "flag": _FLAGS, "why": _WHY, "incident_state": _INCIDENT_STATES, "incident_event": _INCIDENT_EVENTS,
    "report_state": _REPORT_STATES, "report_act": _REPORT_ACTS, "target": _TARGETS, "report_kind": _REPORT_KINDS,
    "asset_kind": _ASSET_KINDS, "quantity": _QUANTITIES, "state": _SOURCE_STATES, "device_state": _DEVICE_STATES,
}  # fmt: skip
