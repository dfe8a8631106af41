/// The versions of the risk document, oldest first.
///
/// Texts are kept for the newest `maximumTexts` versions and as long as they have no more than `maximumBytes` together;
/// an older version keeps who, why and when, and its text is in the journal alone.
package struct RiskHistory: Hashable, Sendable {
    package static let maximumTexts = 200
    package static let maximumBytes = 16 << 20

    package private(set) var versions: [RiskVersion] = []
    /// Index of the oldest version that has its text.
    private var firstText = 0
    private var bytes = 0

    /// The version in force; 0 = none was ever applied.
    package var current: Int64 { versions.last?.version ?? 0 }
    package var document: String { versions.last?.document ?? "" }

    /// The text of a version; `nil` where there is no such version or its text is no longer kept.
    package func document(of version: Int64) -> String? {
        guard let index = versions.firstIndex(where: { $0.version == version }), index >= firstText else { return nil }
        return versions[index].document
    }

    mutating func append(_ version: RiskVersion) {
        versions.append(version)
        bytes += version.document.utf8.count
        while firstText < versions.count - 1,
            versions.count - firstText > Self.maximumTexts || bytes > Self.maximumBytes
        {
            bytes -= versions[firstText].document.utf8.count
            versions[firstText].document = ""
            firstText += 1
        }
    }
}

// MARK: - As bytes

extension RiskHistory {
    func write(to writer: inout EventWriter) {
        writer.write(count: firstText)
        writer.write(count: versions.count)
        for version in versions { writer.write(version) }
    }

    init(_ reader: inout EventReader) throws(EventCodingError) {
        firstText = Int(clamping: try reader.readUnsigned())
        versions = try reader.readList(ofAtLeast: 5, "risk versions") { reader throws(EventCodingError) in
            try reader.readRiskVersion()
        }
        bytes = versions.reduce(0) { $0 + $1.document.utf8.count }
    }
}
