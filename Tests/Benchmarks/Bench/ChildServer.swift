import API
import Adapters
import Domain
import Foundation
import Gateway
import Instruments
import Prices

/// A gateway in a process of its own, so that its memory and its processor time are its own: `sluice-bench --serve
/// DIRECTORY ACCOUNTS INSTRUMENTS`. It says one line when it is ready and ends when its standard input does.
enum ChildServer {
    /// What the child says.
    struct Ready {
        var servingNanoseconds: Int64
        var readyNanoseconds: Int64
        var port: Int
        var key: String
    }

    static func run(_ arguments: [String]) async -> Int32 {
        guard arguments.count == 3, let accounts = Int(arguments[1]), let instruments = Int(arguments[2]) else {
            return 2
        }
        do {
            let start = Clock.now()
            let rig = try GatewayRig(directory: arguments[0], accounts: accounts)
            try list(instruments, rig)
            let built = Clock.now() - start
            let (serving, ready) = try await rig.start()
            let keys = try KeyRing(rig.runtime, environment: "bench")
            let (_, key) = try keys.create(person: "bench", scopes: AccessScopes([.trade, .read]), by: .gateway)
            var configuration = APIConfiguration()
            configuration.port = 0
            let server = APIServer(configuration: configuration, runtime: rig.runtime, keys: keys, logger: .quiet)
            let port = try await server.start()
            print("ready \(built + serving) \(built + ready) \(port) \(key)")
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    while let line = readLine(), !line.isEmpty {}
                    continuation.resume()
                }
            }
            await server.stop()
            await rig.stop()
            return 0
        } catch {
            print("failed \(error)")
            return 1
        }
    }

    /// Instruments as a broker's listing brings them.
    private static func list(_ count: Int, _ rig: GatewayRig) throws {
        guard count > 0, let currency = Currency("USD"), let tick = ExactDecimal(mantissa: 5, exponent: -2) else {
            return
        }
        let rows = (0..<count).lazy.map { index in
            var fields = InstrumentFields(id: InstrumentID(canonical: "US:EQ:S\(index)"))
            (fields.currency, fields.tickSize, fields.lotSize) = (currency, tick, 1)
            fields.name = "Company number \(index)"
            return fields
        }
        let merge = rig.runtime.market.instruments.merge(rows, from: "bench")
        guard merge.addedCount == count else {
            throw BenchFailure("\(merge.addedCount) of \(count) instruments were taken")
        }
    }
}

/// The child as its parent sees it.
final class Child {
    let ready: ChildServer.Ready
    private let process = Process()
    private let input = Pipe()

    init(_ directory: String, accounts: Int, instruments: Int = 0) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Files.executable)
        process.arguments = ["--serve", directory, "\(accounts)", "\(instruments)"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while line.last != 10 {
            let byte = output.fileHandleForReading.readData(ofLength: 1)
            guard let byte = byte.first else { break }
            line.append(byte)
        }
        let words = String(decoding: line, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\n" }).map(
            String.init)
        guard words.count == 5, words[0] == "ready", let serving = Int64(words[1]), let ready = Int64(words[2]),
            let port = Int(words[3])
        else {
            process.terminate()
            throw BenchFailure("the gateway's process said: \(words.joined(separator: " "))")
        }
        self.ready = ChildServer.Ready(
            servingNanoseconds: serving, readyNanoseconds: ready, port: port, key: words[4])
    }

    var id: pid_t { process.processIdentifier }

    /// - Returns: whether it ended well.
    func stop() -> Bool {
        input.fileHandleForWriting.closeFile()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
