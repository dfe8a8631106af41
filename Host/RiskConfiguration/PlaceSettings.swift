import Engine
import Settings

/// What one place of the document says, key by key. What it does not say comes from the place above it.
struct PlaceSettings: Sendable {
    /// One key with its value and where that stands.
    struct Setting: Sendable {
        var key: SettingKey
        var value: SettingValue
        /// From 1.
        var line: Int
        var column: Int
        /// `accounts[2].limits.daily-loss.max`.
        var path: String
    }

    /// By the keys' numbers, ascending, each once.
    private(set) var settings: [Setting] = []

    init() {}

    /// - Parameter settings: Sorted here; each key once.
    init(_ settings: [Setting]) {
        self.settings = settings.sorted { $0.key.number < $1.key.number }
        // What is implied anyway is not told apart from what is written out.
        self.settings.removeAll { setting in
            setting.value == setting.key.absent && Self.isImplied(setting.key, among: settings)
        }
    }

    private static func isImplied(_ key: SettingKey, among settings: [Setting]) -> Bool {
        guard let trigger = key.impliedBy else { return false }
        return settings.contains { $0.key.control == key.control && $0.key.name == trigger }
    }

    var isEmpty: Bool { settings.isEmpty }

    subscript(key: SettingKey?) -> Setting? {
        guard let number = key?.number else { return nil }
        var (low, high) = (0, settings.count)
        while low < high {
            let middle = (low + high) / 2
            if settings[middle].key.number < number { low = middle + 1 } else { high = middle }
        }
        return low < settings.count && settings[low].key.number == number ? settings[low] : nil
    }

    /// The value of a key, or what holds where it is not set.
    func value(_ control: ControlID, _ name: String) -> SettingValue {
        guard let key = SettingKey.find(control, name) else { preconditionFailure("\(control.name) has no \(name)") }
        return self[key]?.value ?? key.absent
    }

    /// Whether any key of the control is set.
    func mentions(_ control: ControlID) -> Bool { settings.contains { $0.key.control == control } }
}
