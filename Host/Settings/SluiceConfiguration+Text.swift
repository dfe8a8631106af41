import Domain

extension SluiceConfiguration {
    /// Everything that is in effect, one value a line in a fixed order: the same text for the same configuration, whatever
    /// file and spelling it came from. For a hash that tells two configurations apart. Secrets are in it only as what they
    /// are referred to by.
    ///
    /// Read by reflection, so that a setting that is added later cannot be forgotten here.
    package var canonicalText: String {
        var lines: [String] = []
        var effective = self
        // Where and when it was read and what was remarked is not what is in effect.
        (effective.file, effective.warnings) = (nil, [])
        for index in effective.groups.indices {
            let beginning = Timestamp(nanoseconds: 0)
            (effective.groups[index].createdAt, effective.groups[index].updatedAt) = (beginning, beginning)
        }
        Self.describe(effective, at: "", into: &lines)
        return lines.joined(separator: "\n")
    }

    private static func describe(_ value: Any, at path: String, into lines: inout [String]) {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .dictionary:
            let entries = mirror.children.map { entry -> (String, Any) in
                let pair = Array(Mirror(reflecting: entry.value).children)
                return (pair.first.map { "\($0.value)" } ?? "", pair.last?.value ?? "")
            }
            for (key, value) in entries.sorted(by: { $0.0 < $1.0 }) {
                describe(value, at: "\(path)[\(key)]", into: &lines)
            }
        case .set:
            lines.append("\(path)=\(mirror.children.map { "\($0.value)" }.sorted())")
        case .collection:
            for (index, child) in mirror.children.enumerated() {
                describe(child.value, at: "\(path)[\(index)]", into: &lines)
            }
        case .optional:
            if let child = mirror.children.first { describe(child.value, at: path, into: &lines) }
        case .struct, .tuple, .class:
            // What says itself in text is one value: an id, a decimal, a currency.
            if value is any CustomStringConvertible || mirror.children.isEmpty {
                lines.append("\(path)=\(value)")
            } else {
                for child in mirror.children { describe(child.value, at: "\(path).\(child.label ?? "")", into: &lines) }
            }
        default: lines.append("\(path)=\(value)")
        }
    }
}
