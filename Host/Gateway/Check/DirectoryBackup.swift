import Foundation
import Instruments
import Store

/// A copy of a data directory from which a gateway can be started again, made while orders go on or when no gateway runs.
///
/// In it: the journal with everything that is made of it (`sluice.db`), the instruments with the uids that were given to
/// them (`instruments.db`), and the sealed logins (`secrets`), which open under the master key alone. Not in it: the key
/// file of the first start, recordings, snapshots and copies of libraries, which are made anew, and figures of performance.
package enum DirectoryBackup {
    /// What a backup holds.
    package struct Receipt: Sendable {
        package var directory: String
        /// The last record of the journal in it.
        package var lastSequence: UInt64
        /// Names and bytes of the files, in the order in which they were made.
        package var files: [(name: String, bytes: Int64)]
    }

    /// Why there is no backup.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        /// `nil`: nothing that would help is known.
        package let remedy: String?
    }

    /// Makes a directory (0700) and puts everything into it. The journal comes first: whatever instrument it names is in the
    /// master that is copied after it. Where a part fails, what was made is taken away again.
    ///
    /// - Parameter target: a directory that does not exist, in one that does.
    package static func make(of directory: String, to target: String) throws(Failure) -> Receipt {
        guard mkdir(target, 0o700) == 0 else {
            let code = errno
            throw Failure(
                description: "\(target) cannot be made: \(String(cString: strerror(code)))",
                remedy: code == EEXIST ? "name a directory that does not exist yet" : nil)
        }
        do {
            let journal = try Store.backup(of: directory, to: target + "/sluice.db")
            var files = [("sluice.db", journal.bytes)]
            if let bytes = try InstrumentMaster.backup(of: directory, to: target + "/instruments.db") {
                files.append(("instruments.db", bytes))
            }
            files += try secrets(directory, target)
            return Receipt(directory: target, lastSequence: journal.lastSequence, files: files)
        } catch {
            try? FileManager.default.removeItem(atPath: target)
            throw error as? Failure ?? Failure(description: "\(error)", remedy: nil)
        }
    }

    /// Files that are replaced whole when they change, so that each copy is one of its states.
    private static func secrets(_ directory: String, _ target: String) throws -> [(String, Int64)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory + "/secrets")) ?? []
        let sealed = names.filter { $0.hasSuffix(".sealed") }.sorted()
        guard !sealed.isEmpty else { return [] }
        guard mkdir(target + "/secrets", 0o700) == 0 else {
            throw Failure(
                description: "\(target)/secrets cannot be made: \(String(cString: strerror(errno)))", remedy: nil)
        }
        return try sealed.map { name in
            let data = try Data(contentsOf: URL(filePath: "\(directory)/secrets/\(name)"))
            let path = "\(target)/secrets/\(name)"
            let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
            guard FileManager.default.createFile(atPath: path, contents: data, attributes: attributes) else {
                throw Failure(description: "\(path) cannot be written", remedy: nil)
            }
            return ("secrets/\(name)", Int64(data.count))
        }
    }
}
