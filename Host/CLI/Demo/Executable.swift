import Glibc

/// The program that runs.
enum Executable {
    /// The directory it lies in, links resolved; `nil` where the system does not tell.
    static var directory: String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.bindMemory(to: CChar.self).baseAddress.map { readlink("/proc/self/exe", $0, bytes.count) } ?? 0
        }
        guard count > 0, count < buffer.count, let slash = buffer[..<count].lastIndex(of: UInt8(ascii: "/")) else {
            return nil
        }
        return slash == 0 ? "/" : String(decoding: buffer[..<slash], as: UTF8.self)
    }
}
