import Foundation

/// What is on the medium when the power goes: of each file what its last sync found, and of what was written later nothing,
/// or what chance left, a sector at a time.
struct PowerLoss {
    /// The files by name, without their directory.
    private(set) var files: [String: [UInt8]] = [:]

    private enum Change {
        case write(offset: Int, [UInt8])
        case truncate(Int)
    }

    private static let sector = 512

    /// - Parameters:
    ///   - events: everything that was done since the directory was empty.
    ///   - survives: whether a sector that was written and not synced is there all the same.
    init(after events: some Sequence<DiskEvent>, survives: () -> Bool) {
        var waiting: [String: [Change]] = [:]
        for event in events {
            switch event {
            case .opened(let path): files[Self.name(path), default: []] += []
            case .wrote(let path, let offset, let bytes):
                waiting[Self.name(path), default: []].append(.write(offset: Int(offset), bytes))
            case .truncated(let path, let size): waiting[Self.name(path), default: []].append(.truncate(Int(size)))
            case .synced(let path):
                for change in waiting.removeValue(forKey: Self.name(path)) ?? [] { apply(change, Self.name(path)) }
            case .deleted(let path):
                files[Self.name(path)] = nil
                waiting[Self.name(path)] = nil
            }
        }
        for (name, changes) in waiting.sorted(by: { $0.key < $1.key }) {
            for change in changes {
                switch change {
                case .truncate: if survives() { apply(change, name) }
                case .write(let offset, let bytes):
                    for start in stride(from: 0, to: bytes.count, by: Self.sector) where survives() {
                        let part = Array(bytes[start..<min(start + Self.sector, bytes.count)])
                        apply(.write(offset: offset + start, part), name)
                    }
                }
            }
        }
    }

    private static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    private mutating func apply(_ change: Change, _ name: String) {
        var bytes = files.removeValue(forKey: name) ?? []
        switch change {
        case .truncate(let size):
            if size < bytes.count { bytes.removeSubrange(size...) }
        case .write(let offset, let new):
            if bytes.count < offset + new.count {
                bytes += [UInt8](repeating: 0, count: offset + new.count - bytes.count)
            }
            bytes.replaceSubrange(offset..<offset + new.count, with: new)
        }
        files[name] = bytes
    }

    /// Puts the files into a new directory that a store can be opened in.
    func restore(to directory: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for (name, bytes) in files {
            let path = "\(directory)/\(name)"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        }
    }
}
