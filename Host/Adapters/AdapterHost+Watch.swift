import Glibc
import NIOConcurrencyHelpers

extension AdapterHost {
    /// What tells one content of a manifest from another without reading it.
    struct ManifestStamp: Hashable, Sendable {
        var path: String
        var inode: UInt64
        var size: Int64
        /// Of the last change of content and of the last change of anything, nanoseconds.
        var modified: Int64
        var changed: Int64
    }

    /// What the watch of the manifests knows.
    struct Watch: Sendable {
        /// Taken before the manifests were read last, so that what changes meanwhile is seen as a change.
        var read: [ManifestStamp] = []
        /// A difference that was seen once.
        var pending: [ManifestStamp]?
    }

    /// Acts on manifests that differ from what was read last, and returns the ids of the adapters that differ now.
    ///
    /// Call it from one thread, once a second or so. Where nothing changed it costs a look at each directory and file. A
    /// change is acted on when it has stayed the same from one call to the next: a file that is being written is left
    /// alone. May take as long as loading the libraries does.
    package func pickUpChanges() -> [String] {
        let now = stamps()
        let isSettled = watch.withLockedValue { watch in
            if now == watch.read {
                watch.pending = nil
                return false
            }
            defer { watch.pending = now }
            return watch.pending == now
        }
        return isSettled ? reload() : []
    }

    /// Every manifest as it lies on the disk now, in the order in which they are read.
    func stamps() -> [ManifestStamp] {
        configuration.directories.flatMap { directory in
            Self.manifestNames(in: directory).map { name in
                let path = "\(directory)/\(name)"
                var found = stat()
                guard stat(path, &found) == 0 else {
                    return ManifestStamp(path: path, inode: 0, size: -1, modified: 0, changed: 0)
                }
                func nanoseconds(_ time: timespec) -> Int64 {
                    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
                }
                return ManifestStamp(
                    path: path, inode: UInt64(found.st_ino), size: Int64(found.st_size),
                    modified: nanoseconds(found.st_mtim), changed: nanoseconds(found.st_ctim))
            }
        }
    }
}
