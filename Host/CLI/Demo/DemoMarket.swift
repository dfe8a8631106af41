import Exact
import Prices

/// The recorded prices as the demo expects the gateway to have seen them.
struct DemoMarket {
    /// A day's bar.
    struct Bar: Hashable, Sendable {
        var day: String
        var close: ExactDecimal
    }

    let directory: String
    private let bars: [String: [Bar]]
    /// How many bars of each instrument were played.
    private(set) var position = 0

    /// Reads the files of the demo's instruments.
    init() throws {
        guard let directory = RecordedMarket.directory else {
            throw CommandFailure.message(
                "the recorded prices are missing", remedy: "run the demo from a source tree or a complete installation")
        }
        self.directory = directory
        var bars: [String: [Bar]] = [:]
        for symbol in DemoFiles.symbols {
            let name = symbol.map { $0 == ":" ? "_" : String($0) }.joined()
            let path = "\(directory)/\(name).daily.csv"
            bars[symbol] = try Self.read(try FileAccess.read(path, atMost: 1 << 20), path: path)
        }
        self.bars = bars
    }

    /// `time,open,high,low,close,volume`, one bar a line below the header.
    private static func read(_ bytes: [UInt8], path: String) throws -> [Bar] {
        try String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().map { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count >= 5, let close = ExactDecimal(String(fields[4])) else {
                throw CommandFailure.message("\(path) has a line that is no bar", remedy: nil)
            }
            return Bar(day: String(fields[0].prefix(10)), close: close)
        }
    }

    mutating func advance(_ count: Int) { position += count }

    /// The bars that were played, oldest first.
    func played(_ symbol: String) -> ArraySlice<Bar> { bars[symbol]?.prefix(position) ?? [] }

    /// The last bar that was played.
    func last(_ symbol: String) throws -> Bar {
        guard let bars = bars[symbol], position > 0, position <= bars.count else {
            throw CommandFailure.message("no bar of \(symbol) was played", remedy: nil)
        }
        return bars[position - 1]
    }
}
