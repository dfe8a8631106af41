import Glibc

extension FileAccess {
    /// A file that is written piece by piece. One owner, one task.
    final class Writing {
        private let path: String
        private var descriptor: Int32

        /// Replaces what is there.
        init(_ path: String) throws {
            self.path = path
            descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw Self.failure("cannot be written", path) }
        }

        deinit { if descriptor >= 0 { close(descriptor) } }

        func write(_ bytes: [UInt8]) throws {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Self.failure("cannot be written", path) }
                rest = rest.dropFirst(count)
            }
        }

        /// Everything is on the disk.
        func finish() throws {
            guard fsync(descriptor) == 0 || errno == EINVAL else { throw Self.failure("cannot be written", path) }
            close(descriptor)
            descriptor = -1
        }

        /// What was written is worth nothing.
        func abandon() {
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
            unlink(path)
        }

        private static func failure(_ what: String, _ path: String) -> CommandFailure {
            .message("\(path) \(what): \(String(cString: strerror(errno)))", remedy: nil)
        }
    }

    static func rename(_ old: String, to new: String) throws {
        guard Glibc.rename(old, new) == 0 else {
            throw CommandFailure.message("\(new) cannot be written: \(String(cString: strerror(errno)))", remedy: nil)
        }
    }
}
