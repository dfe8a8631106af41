import Faults
import Glibc

/// The state that a journal has led to, kept beside it so that a start need not read the journal from its beginning.
///
/// A copy of what the journal says, never the truth: whoever cannot use one reads the journal. It names the record that it
/// stands after by number and chained hash, so one of another journal, or of one that was cut and written on, is not taken.
package struct StateSnapshot: Sendable {
    /// Of `state` and `results`: a build reads its own layout alone.
    package var layout: Int
    package var anchor: ChainAnchor
    package var state: [UInt8]
    /// What the same records make beside the state, and a start would have to read them again for.
    package var results: [UInt8]

    package init(layout: Int, anchor: ChainAnchor, state: [UInt8], results: [UInt8] = []) {
        (self.layout, self.anchor, self.state, self.results) = (layout, anchor, state, results)
    }
}

/// A file among the snapshots that cannot be used, and why.
package struct SnapshotRefusal: Hashable, Sendable, CustomStringConvertible {
    package var file: String
    package var reason: String
    package var description: String { "\(file) \(reason)" }
}

/// A file among the snapshots that a start could take.
package struct UsableSnapshot: Hashable, Sendable {
    package var file: String
    /// The record that it stands after.
    package var sequence: UInt64
    package var stateHash: [UInt8]
}

/// Files `snapshots/<record number>.state` of a data directory: eight bytes `SLUICEST`, the SHA-256 of all that follows
/// (32 bytes), a line `layout record:hash length` with the length of the results in bytes, the results, the state.
extension Store {
    /// So many are kept: the newest may be what a crash of the machine damaged.
    package static let keptSnapshots = 2
    /// A snapshot of more bytes is not written, and no file of more is read.
    package static let maximumSnapshotBytes = 1 << 30
    /// Left free on the disk by a snapshot, in bytes: the journal's room is not for copies of it.
    package static let roomBesideSnapshots: UInt64 = 64 << 20

    private static let snapshotMagic = Array("SLUICEST".utf8)
    private var snapshotDirectory: String { directory + "/snapshots" }

    /// Makes a snapshot durable under its name, then takes away those beyond the last two. Blocks on the disk, not on the
    /// database; one caller at a time.
    ///
    /// - Throws: where the disk refuses or would be too full; what was there before stays, and nothing is left behind.
    package func write(_ snapshot: StateSnapshot) throws(StoreFailure) {
        let header = Array("\(snapshot.layout) \(snapshot.anchor) \(snapshot.results.count)\n".utf8)
        let size = header.count + snapshot.results.count + snapshot.state.count
        guard size <= Store.maximumSnapshotBytes else {
            throw .invalidValue(
                field: "snapshot", value: "\(size) bytes", expected: "at most \(Store.maximumSnapshotBytes)")
        }
        let parts = [header, snapshot.results, snapshot.state]
        let hash = try Store.snapshotHash(parts)
        let folder = snapshotDirectory
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw DataDirectory.failure("create", folder) }
        let digits = "\(snapshot.anchor.sequence)"
        let name = String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits + ".state"
        let partial = folder + "/partial"
        unlink(partial)
        do throws(StoreFailure) {
            try Store.leaveRoom(folder, for: size)
            try Store.put([Store.snapshotMagic, hash] + parts, into: partial)
            guard rename(partial, folder + "/" + name) == 0 else { throw DataDirectory.failure("name", partial) }
        } catch {
            unlink(partial)
            throw error
        }
        FaultPoint.hit(.snapshotNamed)
        DataDirectory.flush(folder)
        for old in snapshotNames().dropFirst(Store.keptSnapshots) { unlink(folder + "/" + old) }
        FaultPoint.hit(.snapshotsThinned)
    }

    /// Writes a new file that only its owner can read. Durable on return, its name is not.
    private static func put(_ parts: [[UInt8]], into path: String) throws(StoreFailure) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw DataDirectory.failure("create", path) }
        defer { Glibc.close(descriptor) }
        for part in parts {
            var done = 0
            while done < part.count {
                let count = part.withUnsafeBytes { bytes in
                    Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw DataDirectory.failure("write", path) }
                done += count
            }
        }
        FaultPoint.hit(.snapshotWritten)
        guard fsync(descriptor) == 0 else { throw DataDirectory.failure("flush", path) }
        FaultPoint.hit(.snapshotFlushed)
    }

    private static func leaveRoom(_ folder: String, for size: Int) throws(StoreFailure) {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else { throw DataDirectory.failure("look at", folder) }
        let free = UInt64(facts.f_bavail) &* UInt64(facts.f_frsize)
        guard free >= UInt64(size) + roomBesideSnapshots else {
            throw .diskFull(
                "\(free >> 20) MiB are free for a snapshot of \(size >> 20) MiB beside which "
                    + "\(roomBesideSnapshots >> 20) MiB must stay free")
        }
    }

    private static func snapshotHash(_ parts: [[UInt8]]) throws(StoreFailure) -> [UInt8] {
        let unavailable = StoreFailure.inputOutput("libcrypto makes no SHA-256 of a snapshot")
        guard let running = RunningSHA256() else { throw unavailable }
        for part in parts {
            guard running.update(part) else { throw unavailable }
        }
        guard let hash = running.finish() else { throw unavailable }
        return hash
    }

    /// The newest snapshot that stands after a record of this journal, and why newer ones are not taken.
    package func newestSnapshot(layout: Int) throws(StoreFailure) -> (StateSnapshot?, refusals: [SnapshotRefusal]) {
        var refusals: [SnapshotRefusal] = []
        for name in snapshotNames() {
            switch try readSnapshot(name, layout: layout) {
            case .success(let snapshot): return (snapshot, refusals)
            case .failure(let refusal):
                refusals.append(SnapshotRefusal(file: "snapshots/" + name, reason: refusal.reason))
            }
        }
        return (nil, refusals)
    }

    /// Every snapshot that a start could take, oldest first, with the hash of its state.
    package func usableSnapshots(layout: Int) throws(StoreFailure) -> [UsableSnapshot] {
        var usable: [UsableSnapshot] = []
        for name in snapshotNames().reversed() {
            guard case .success(let snapshot) = try readSnapshot(name, layout: layout) else { continue }
            usable.append(
                UsableSnapshot(
                    file: "snapshots/" + name, sequence: snapshot.anchor.sequence,
                    stateHash: try Store.stateHash(snapshot.state)))
        }
        return usable
    }

    private struct Unusable: Error {
        var reason: String
    }

    private func readSnapshot(_ name: String, layout: Int) throws(StoreFailure) -> Result<StateSnapshot, Unusable> {
        func unusable(_ reason: String) -> Result<StateSnapshot, Unusable> { .failure(Unusable(reason: reason)) }
        guard let content = Store.content(of: snapshotDirectory + "/" + name) else {
            return unusable("cannot be read: \(String(cString: strerror(errno)))")
        }
        let magic = Store.snapshotMagic.count
        guard content.count > magic + ChainHash.length, content.starts(with: Store.snapshotMagic) else {
            return unusable("is no snapshot")
        }
        let rest = content[(magic + ChainHash.length)...]
        guard let hash = SHA256.digest(rest), hash.elementsEqual(content[magic..<(magic + ChainHash.length)]) else {
            return unusable("is damaged: its hash is not that of its bytes")
        }
        guard let end = rest.prefix(Store.longestHeader).firstIndex(of: UInt8(ascii: "\n")) else {
            return unusable("has no first line")
        }
        let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
        guard words.count == 3, let written = Int(words[0]), let anchor = ChainAnchor(String(words[1])),
            let length = Int(words[2]), length >= 0, length < rest.endIndex - end
        else { return unusable("has a first line that is none") }
        guard written == layout else { return unusable("is of another build (layout \(written), here \(layout))") }
        guard try chainAnchor(of: anchor.sequence) == anchor else {
            return unusable("stands after record \(anchor.sequence) of another journal")
        }
        let results = rest[(end + 1)..<(end + 1 + length)]
        return .success(
            StateSnapshot(
                layout: layout, anchor: anchor, state: Array(rest[results.endIndex...]), results: Array(results)))
    }

    /// Of the first line, in bytes.
    private static let longestHeader = 200

    /// Number and hash of a record; `nil` = there is none of this number.
    package func chainAnchor(of sequence: UInt64) throws(StoreFailure) -> ChainAnchor? {
        guard let number = Int64(exactly: sequence) else { return nil }
        return try read { database throws(StoreFailure) in
            var statement = try RawStatement(database, "SELECT chain FROM journal WHERE sequence = ?")
            statement.bind(1, number)
            guard try statement.next() else { return nil }
            defer { statement.reset() }
            return ChainAnchor(sequence: sequence, hash: statement.bytes(0))
        }
    }

    /// Newest first.
    private func snapshotNames() -> [String] {
        guard let folder = opendir(snapshotDirectory) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".state"), name.utf8.count == 26 { names.append(name) }
        }
        return names.sorted(by: >)
    }

    private static func content(of path: String) -> [UInt8]? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG,
            facts.st_size <= maximumSnapshotBytes + 4_096
        else {
            errno = EFBIG
            return nil
        }
        let size = Int(facts.st_size)
        var isWhole = true
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    isWhole = false
                    return
                }
                count += got
            }
        }
        return isWhole ? bytes : nil
    }
}
