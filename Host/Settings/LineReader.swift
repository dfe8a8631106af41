import Glibc

/// Reads a file line by line through a buffer of 64 KiB. Owned by one thread at a time.
package final class LineReader {
    package let path: String
    /// Of the line read last, from 1.
    package private(set) var number = 0
    private let descriptor: Int32
    private let maximumBytes: Int
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    /// - Parameter maximumBytes: The longest line; a longer one is an error.
    package init(path: String, maximumBytes: Int) throws(ConfigurationErrors) {
        (self.path, self.maximumBytes) = (path, maximumBytes)
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw Self.failure(path, 0, 0, "", "the file cannot be read: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Self.failure(path, 0, 0, "", "this is not a regular file")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The next line without its end (a line feed, or carriage return and line feed); `nil` after the last one.
    package func next() throws(ConfigurationErrors) -> ArraySlice<UInt8>? {
        var scanned = position
        while true {
            if let end = lineFeed(from: scanned) {
                defer { position = end + 1 }
                return try line(position..<end)
            }
            if isAtEnd {
                guard position < buffer.count else { return nil }
                defer { position = buffer.count }
                return try line(position..<buffer.count)
            }
            guard buffer.count - position <= maximumBytes else {
                number += 1
                throw failure(column: 1, "", "the line is longer than \(maximumBytes) bytes")
            }
            scanned = buffer.count - position
            try fill()
        }
    }

    /// Starts again at the first line.
    package func rewind() throws(ConfigurationErrors) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw failure(column: 0, "", "the file cannot be read again") }
        buffer.removeAll(keepingCapacity: true)
        (number, position, isAtEnd) = (0, 0, false)
    }

    /// An error at the line read last.
    package func failure(column: Int, _ path: String, _ message: String, remedy: String? = nil, value: String? = nil)
        -> ConfigurationErrors
    {
        ConfigurationErrors(
            ConfigurationError(
                file: self.path, line: number, column: column, path: path, value: value, message: message,
                remedy: remedy))
    }

    private static func failure(_ file: String, _ line: Int, _ column: Int, _ path: String, _ message: String)
        -> ConfigurationErrors
    {
        ConfigurationErrors(ConfigurationError(file: file, line: line, column: column, path: path, message: message))
    }

    private func line(_ range: Range<Int>) throws(ConfigurationErrors) -> ArraySlice<UInt8> {
        number += 1
        guard range.count <= maximumBytes else {
            throw failure(column: 1, "", "the line is longer than \(maximumBytes) bytes")
        }
        let hasReturn = range.isEmpty ? false : buffer[range.upperBound - 1] == UInt8(ascii: "\r")
        return buffer[range.lowerBound..<(hasReturn ? range.upperBound - 1 : range.upperBound)]
    }

    private func lineFeed(from start: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + start, 0x0A, bytes.count - start)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// Drops what has been read and appends one chunk.
    private func fill() throws(ConfigurationErrors) {
        buffer.removeFirst(position)
        position = 0
        let kept = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: 65_536))
        var count: Int
        repeat {
            count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress?.advanced(by: kept), 65_536) }
        } while count < 0 && errno == EINTR
        buffer.removeLast(65_536 - max(0, count))
        guard count >= 0 else {
            throw failure(column: 0, "", "the file cannot be read: \(String(cString: strerror(errno)))")
        }
        isAtEnd = count == 0
    }
}
