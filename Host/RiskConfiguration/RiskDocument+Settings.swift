import Engine

/// One thing that a document says, by meaning: the same whatever the order and layout of the text.
package struct RiskSetting: Hashable, Sendable {
    package var place: RiskPlace
    /// `daily-loss`; empty = the profile of a place.
    package var control: String
    /// `max`, `per_instrument.orders`; `profile` where `control` is empty.
    package var key: String
    /// As `SettingValue.text`.
    package var value: String

    package init(place: RiskPlace, control: String, key: String, value: String) {
        (self.place, self.control, self.key, self.value) = (place, control, key, value)
    }
}

extension RiskDocument {
    /// Everything the document says: by place, then by control in evaluation order, then by key; a place's profile first.
    package var settings: [RiskSetting] {
        sortedEntries.flatMap { entry in
            let profile = entry.profile.map {
                [RiskSetting(place: entry.place, control: "", key: "profile", value: $0)]
            }
            return (profile ?? [])
                + entry.settings.settings.map { setting in
                    RiskSetting(
                        place: entry.place, control: setting.key.control.name, key: setting.key.name,
                        value: setting.value.text)
                }
        }
    }

    var sortedEntries: [Entry] { entries.sorted { RiskPlace.isBefore($0.place, $1.place) } }
}

/// One difference between two documents.
package struct RiskChange: Hashable, Sendable {
    package enum Effect: String, Hashable, Sendable {
        /// Admits less, or the same, of everything.
        case tighter
        /// Admits more, or the same, of everything.
        case looser
        /// Neither can be told.
        case changed
    }
    package var place: RiskPlace
    /// As in `RiskSetting`.
    package var control: String
    package var key: String
    /// `nil` = the earlier document says nothing.
    package var before: String?
    /// `nil` = the later document says nothing.
    package var after: String?
    package var effect: Effect
}

extension RiskDocument {
    /// What the later document says otherwise, in the order of `settings`. Empty where both say the same.
    ///
    /// The effect compares what is in force at the place before and after: where an account says nothing, its profile
    /// counts; where totals say nothing, they are unlimited.
    package static func changes(from: RiskDocument, to: RiskDocument) -> [RiskChange] {
        var changes: [RiskChange] = []
        var places = from.sortedEntries.map(\.place)
        places += to.sortedEntries.map(\.place).filter { from.byPlace[$0] == nil }
        places.sort(by: RiskPlace.isBefore)
        for place in places {
            let (before, after) = (from.entry(place), to.entry(place))
            if before?.profile != after?.profile {
                changes.append(
                    RiskChange(
                        place: place, control: "", key: "profile", before: before?.profile, after: after?.profile,
                        effect: profileEffect(from, from.profile(of: before), to, to.profile(of: after))))
            }
            let (old, new) = (before?.settings.settings ?? [], after?.settings.settings ?? [])
            var (left, right) = (0, 0)
            while left < old.count || right < new.count {
                let number = min(
                    left < old.count ? old[left].key.number : .max, right < new.count ? new[right].key.number : .max)
                let key = SettingKey.all[number]
                let oldValue = left < old.count && old[left].key.number == number ? old[left].value : nil
                let newValue = right < new.count && new[right].key.number == number ? new[right].value : nil
                if oldValue != nil { left += 1 }
                if newValue != nil { right += 1 }
                guard oldValue != newValue else { continue }
                changes.append(
                    RiskChange(
                        place: place, control: key.control.name, key: key.name, before: oldValue?.text,
                        after: newValue?.text,
                        effect: effect(
                            key, oldValue ?? from.inherited(key, at: place), newValue ?? to.inherited(key, at: place))))
            }
        }
        return changes
    }

    private static func effect(_ key: SettingKey, _ before: SettingValue, _ after: SettingValue) -> RiskChange.Effect {
        switch key.compare(after, to: before) {
        case .tighter: .tighter
        case .looser: .looser
        case .equal, .incomparable: .changed
        }
    }

    /// What holds at a place that does not say anything of the key.
    private func inherited(_ key: SettingKey, at place: RiskPlace) -> SettingValue {
        guard place.kind.isAccount else { return key.absent }
        var places: [RiskPlace] = []
        if place.kind == .account, let profile = profile(of: entry(place)) { places.append(.profile(profile)) }
        if place != .profile("default") { places.append(.profile("default")) }
        for place in places {
            if let setting = settings(at: place)[key] { return setting.value }
        }
        return Self.shipped[key]?.value ?? key.absent
    }

    /// Tighter where no key is looser than before, and the other way round.
    private static func profileEffect(
        _ from: RiskDocument, _ before: String?, _ to: RiskDocument, _ after: String?
    ) -> RiskChange.Effect {
        let (old, new) = (from.layers(profile: before), to.layers(profile: after))
        var (isTighter, isLooser) = (false, false)
        for key in SettingKey.all where key.places.contains(.account) {
            switch key.compare(new[key].value, to: old[key].value) {
            case .equal: break
            case .tighter: isTighter = true
            case .looser: isLooser = true
            case .incomparable: return .changed
            }
        }
        return isTighter == isLooser ? .changed : isTighter ? .tighter : .looser
    }
}
