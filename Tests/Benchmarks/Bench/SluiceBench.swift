import API
import CBench
import CHost
import Glibc

/// `sluice-bench [--only NAME...] [--count N] [--no-floors] [--no-reserve] [--quick] [--json]`: measures what DESIGN.md budgets and prints it beside the floors of
/// the same run.
///
/// Leaves with 0 when everything that was counted is right, whatever the figures are; with 1 when a count is wrong, since
/// then the figures say nothing; with 2 when it was called wrongly.
@main
enum SluiceBench {
    /// In the order in which they run: what the later ones are compared with comes first.
    static let all: [(name: String, run: @Sendable (Bench) async throws -> Void)] = [
        ("floors", measureFloors),
        ("controls", measureControls),
        ("allocation", measureAllocation),
        ("admission", measureAdmission),
        ("simulate", measureSimulation),
        ("document", measureRiskDocument),
        ("halt", measureHalt),
        ("abi", measureABI),
        ("lane", measureLanes),
        ("translation", measureTranslation),
        ("broker", measureBroker),
        ("idle", measureIdleLeg),
        ("wakes", countWakes),
        ("fanout", measureFanOut),
        ("sustained", measureSustained),
        ("http", measureHTTP),
        ("instruments", measureInstruments),
        ("telemetry", measureTelemetry),
        ("streams", measureStreams),
        ("memory", measureMemory),
        ("recovery", measureRecovery),
        ("exports", measureExports),
    ]

    static func main() {
        // As the gateway does both: one heap, and handlers run on the event loops.
        chost_share_heap()
        _ = APIServer.runHandlersOnEventLoops()
        cbench_print_at_once()
        Task.detached {
            let status = await run(Array(CommandLine.arguments.dropFirst()))
            exit(status)
        }
        while true { pause() }
    }

    private static func run(_ arguments: [String]) async -> Int32 {
        if arguments.first == "--serve" { return await ChildServer.run(Array(arguments.dropFirst())) }
        var only: [String] = []
        var (isQuick, isJSON, takesNames, hasFloors, reserves) = (false, false, false, true, true)
        var (count, takesCount): (Int?, Bool) = (nil, false)
        for argument in arguments {
            if takesCount {
                guard let number = Int(argument), number > 0 else {
                    print("sluice-bench: --count \(argument) is no number above 0")
                    return 2
                }
                (count, takesCount) = (number, false)
                continue
            }
            switch argument {
            case "--count": (takesCount, takesNames) = (true, false)
            case "--quick": (isQuick, takesNames) = (true, false)
            case "--json": (isJSON, takesNames) = (true, false)
            case "--no-floors": (hasFloors, takesNames) = (false, false)
            case "--no-reserve": (reserves, takesNames) = (false, false)
            case "--only": takesNames = true
            case let name where takesNames && all.contains { $0.name == name }: only.append(name)
            default:
                print(
                    "sluice-bench: \(argument) is not known\nusage: sluice-bench [--only NAME...] [--count N] [--no-floors] [--no-reserve] [--quick] [--json]\n"
                        + "names: \(all.map(\.name).joined(separator: " "))")
                return 2
            }
        }
        // As `memory.reserve` does it for a gateway.
        let reserved = reserves && !isQuick ? chost_reserve_memory(1 << 30) : 0
        let bench = Bench(isQuick: isQuick, isJSON: isJSON, count: count, hasReserve: reserved > 0)
        bench.printHeader(arguments, reserved: reserved)
        for (name, body) in all {
            guard name == "floors" ? hasFloors : only.isEmpty || only.contains(name) else { continue }
            bench.begin(name)
            do { try await body(bench) } catch { bench.fail("\(name): \(error)") }
        }
        return bench.finish()
    }
}
