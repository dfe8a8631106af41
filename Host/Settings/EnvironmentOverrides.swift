/// The settings among the environment's variables, and what looks like one but is none.
///
/// A variable is named after its setting's path: `http.limits.body_bytes` is `SLUICE_HTTP_LIMITS_BODY_BYTES`. Items of a
/// list are separated by colons. Lists of mappings (accounts, groups, replays) have no variables.
package struct EnvironmentOverrides: Sendable {
    /// In the order of the variables' names.
    package var overrides: [DocumentReader.Override] = []
    package var warnings: [String] = []

    /// Variables that other parts of the product read.
    package static var otherVariables: Set<String> {
        var names: Set = ["SLUICE_URL", "SLUICE_API_KEY", "SLUICE_SHARED", "SLUICE_SECRETS_KEY_FILE"]
        #if DEBUG  // fault points: a release build has none, and warns like of any other unknown variable
            names.formUnion(["SLUICE_FAULT", "SLUICE_FAULT_COUNTER"])
        #endif
        return names
    }

    package init(_ environment: [String: String]) {
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("SLUICE_") {
            guard let setting = SettingDescription.byVariable[name] else {
                if !Self.otherVariables.contains(name) { warnings.append(Self.warning(name)) }
                continue
            }
            let origin = "environment variable \(name)"
            let list = value.split(separator: ":").map(String.init)
            overrides.append(
                setting.isList
                    ? .init(path: setting.keys, list: list, origin: origin)
                    : .init(path: setting.keys, value: value, origin: origin))
        }
    }

    private static func warning(_ name: String) -> String {
        let known = SettingDescription.byVariable.keys.sorted()
        let nearest = nearestWord(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
        return "environment variable \(name.excerpt) is not known and has no effect\(nearest)"
    }
}
