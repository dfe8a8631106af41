package import Engine

extension SettingKey {
    /// Every key, by control in evaluation order.
    package static let all: [SettingKey] = {
        var keys: [SettingKey] = []
        for (control, entries) in ControlKeys.entries {
            for entry in entries { keys.append(SettingKey(control, number: keys.count, entry)) }
        }
        return keys
    }()

    /// `nil` where the control has no such key.
    package static func find(_ control: ControlID, _ name: String) -> SettingKey? {
        ControlKeys.byControl[control]?.byName[name]
    }
}

/// The keys of one control.
package struct ControlKeys: Sendable {
    package let control: ControlID
    package let keys: [SettingKey]
    let byName: [String: SettingKey]
    /// Keys that hold further keys: `per_instrument` of daily-counts.
    let nested: Set<String>
    /// Keys that one might expect here and that cannot be had, with the reason.
    let refused: [String: String]
    let mode: SettingKey?
    let action: SettingKey?
    let severity: SettingKey?
    let coolOff: SettingKey?
    let then: SettingKey?
    let escalate: SettingKey?
    let grace: SettingKey?

    init(_ control: ControlID, _ keys: [SettingKey]) {
        (self.control, self.keys) = (control, keys)
        byName = Dictionary(keys.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        nested = Set(
            keys.compactMap { key in key.name.lastIndex(of: ".").map { String(key.name[..<$0]) } })
        refused = Self.refusals[control] ?? [:]
        mode = byName["mode"]
        action = control == .selfTrade ? nil : byName["action"]
        severity = byName["severity"]
        coolOff = control == .lossStreak ? nil : byName["cool_off"]
        (then, escalate, grace) = (byName["then"], byName["escalate"], byName["grace"])
    }

    /// Every control, in evaluation order.
    package static let all: [ControlKeys] = entries.map { control, _ in
        ControlKeys(control, SettingKey.all.filter { $0.control == control })
    }

    static let byControl: [ControlID: ControlKeys] = Dictionary(
        all.map { ($0.control, $0) }, uniquingKeysWith: { first, _ in first })
    static let byName: [String: ControlKeys] = Dictionary(
        all.map { ($0.control.name, $0) }, uniquingKeysWith: { first, _ in first })

    /// Where any key of the control may stand.
    package var places: Set<RiskPlace.Kind> { keys.reduce(into: []) { $0.formUnion($1.places) } }

    private static let refusals: [ControlID: [String: String]] = {
        var refusals: [ControlID: [String: String]] = [
            .lossStreak: ["action": "loss-streak always begins a cool-off"],
            .groupLoss: [
                "warn_bps": "no one is warned before a group's loss limit; give it for daily-loss",
                "project_stop": "a stop is projected for the accounts' daily-loss alone",
            ],
            .selfTrade: ["cool_off": "self-trade begins no cool-off"],
        ]
        for control in [ControlID.dailyLoss, .drawdown, .groupLoss] {
            refusals[control, default: [:]]["action"] =
                "what follows a breach of \(control.name) is said by then and escalate"
            refusals[control, default: [:]]["cool_off"] = "a breach of \(control.name) begins no cool-off"
        }
        for control in [
            ControlID.requestShape, .authority, .instrument, .tradingState, .unknownOutstanding,
        ] {
            for key in ["action", "mode", "cool_off"] {
                refusals[control, default: [:]][key] = "\(control.name) always refuses"
            }
        }
        return refusals
    }()
}
