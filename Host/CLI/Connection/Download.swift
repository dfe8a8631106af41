/// Takes an answer of any length to where it belongs, piece by piece: nothing of it is held.
struct Download {
    /// Where the bytes go.
    enum Destination {
        case standardOutput
        /// Written beside it first and renamed at the end: a file of this name is always whole.
        case file(String)
    }

    let session: Session
    let destination: Destination

    /// - Parameter output: a file; absent or `-` for standard output.
    init(_ session: Session, to output: String?) {
        self.session = session
        destination = output.flatMap { $0 == "-" ? nil : .file($0) } ?? .standardOutput
    }

    /// Asks for `path` and brings the answer home.
    ///
    /// - Returns: how many bytes came.
    /// - Throws: `CommandFailure.problem` where the gateway refused, `.transport` where the answer broke off: what was
    ///   written by then is not the whole.
    @discardableResult
    func run(_ path: String) async throws -> Int64 {
        switch destination {
        case .standardOutput:
            let console = session.console
            return try await receive(path) { bytes in
                guard console.raw(bytes) else { throw ReaderGone() }
            }
        case .file(let name):
            let partial = "\(name).part"
            let file = try FileAccess.Writing(partial)
            do {
                let count = try await receive(path) { try file.write($0) }
                try file.finish()
                try FileAccess.rename(partial, to: name)
                return count
            } catch {
                file.abandon()
                throw error
            }
        }
    }

    /// Whoever reads our output has had enough, as `head` has: no failure.
    private struct ReaderGone: Error {}

    private func receive(_ path: String, _ take: @escaping ([UInt8]) throws -> Void) async throws -> Int64 {
        let console = session.console
        let isShown = console.errorStyle.width != nil
        var count: Int64 = 0
        var shown: Int64 = 0
        defer { if isShown { console.progress("") } }
        do {
            try await session.client.stream(path) { bytes in
                try take(bytes)
                count += Int64(bytes.count)
                if isShown, count - shown >= 1 << 20 {
                    console.progress("\(count >> 20) MiB")
                    shown = count
                }
            }
        } catch is ReaderGone {}
        return count
    }
}
