#if DEBUG
    import Glibc
    import NIOConcurrencyHelpers

    /// What the environment asks of this process: where to count passings, and at which one to end.
    ///
    /// - `SLUICE_FAULT=N:ACTION` acts at the N-th passing of any point, `NAME@K:ACTION` at the K-th of one; both counted
    ///   from 1 over all processes that share the file. Actions: `kill` sends the process SIGKILL; `exit` ends it with
    ///   status 75 and without any clean-up of its own; `stall` leaves the thread standing for good, with every lock it
    ///   holds.
    /// - `SLUICE_FAULT_COUNTER=FILE` names the file: little-endian 64-bit counts, first of all passings, then of each point
    ///   in the order of `FaultPoint.allCases`. It is mapped, so counts outlive a SIGKILL. Processes may follow one
    ///   another on one file; they do not share it at one time.
    ///
    /// A value that cannot be read ends the process with status 64: a run that tests nothing must not pass.
    @usableFromInline
    package struct FaultPlan: Sendable {
        enum Action: String { case kill, exit, stall }

        struct Trigger: Equatable {
            /// `nil` = any.
            var point: FaultPoint?
            /// From 1.
            var passing: UInt64
            var action: Action

            /// - Returns: `nil` where `text` is not `N:ACTION` or `NAME@K:ACTION`.
            init?(_ text: String) {
                let halves = text.split(separator: ":", omittingEmptySubsequences: false)
                guard halves.count == 2, let action = Action(rawValue: String(halves[1])) else { return nil }
                let place = halves[0].split(separator: "@", omittingEmptySubsequences: false)
                guard (1...2).contains(place.count), let count = place.last.flatMap({ UInt64($0) }), count > 0 else {
                    return nil
                }
                if place.count == 2 {
                    guard let point = FaultPoint(rawValue: String(place[0])) else { return nil }
                    self.point = point
                }
                (passing, self.action) = (count, action)
            }
        }

        @usableFromInline static let current: FaultPlan? = make(
            fault: text("SLUICE_FAULT"), counter: text("SLUICE_FAULT_COUNTER"))

        private let trigger: Trigger?
        /// The address of the counts; guards them within the process.
        private let counts: NIOLockedValueBox<Int>

        private init(trigger: Trigger?, counts: Int) {
            (self.trigger, self.counts) = (trigger, NIOLockedValueBox(counts))
        }

        static func make(fault: String?, counter: String?) -> FaultPlan? {
            guard fault != nil || counter != nil else { return nil }
            var trigger: Trigger?
            if let fault {
                trigger = Trigger(fault)
                guard trigger != nil else {
                    refuse(
                        "SLUICE_FAULT: '\(fault)' is no fault; write N:ACTION or POINT@K:ACTION with kill, exit or stall, "
                            + "and a point that check --fault-points lists")
                }
            }
            guard let counts = counter.map(map) ?? anonymous() else {
                refuse(
                    "SLUICE_FAULT_COUNTER: '\(counter ?? "")' cannot be mapped: \(String(cString: strerror(errno)))")
            }
            return FaultPlan(trigger: trigger, counts: counts)
        }

        @usableFromInline
        func pass(_ point: FaultPoint) {
            let (all, own) = counts.withLockedValue { address -> (UInt64, UInt64) in
                guard let words = UnsafeMutablePointer<UInt64>(bitPattern: address) else { return (0, 0) }
                let place = 1 + (Self.places[point] ?? 0)
                words[0] = (UInt64(littleEndian: words[0]) &+ 1).littleEndian
                words[place] = (UInt64(littleEndian: words[place]) &+ 1).littleEndian
                return (UInt64(littleEndian: words[0]), UInt64(littleEndian: words[place]))
            }
            guard let trigger, trigger.point.map({ $0 == point }) ?? true,
                trigger.passing == (trigger.point == nil ? all : own)
            else { return }
            switch trigger.action {
            case .kill: kill(getpid(), SIGKILL)
            case .exit: _exit(75)
            case .stall: break
            }
            while true { pause() }
        }

        // MARK: The shared file

        private static let places = Dictionary(
            uniqueKeysWithValues: FaultPoint.allCases.enumerated().map { ($0.element, $0.offset) })
        private static var length: Int { (1 + FaultPoint.allCases.count) * MemoryLayout<UInt64>.size }

        private static func map(_ path: String) -> Int? {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { return nil }
            defer { close(descriptor) }
            guard ftruncate(descriptor, off_t(length)) == 0 else { return nil }
            return address(mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0))
        }

        private static func anonymous() -> Int? {
            address(mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        }

        private static func address(_ memory: UnsafeMutableRawPointer?) -> Int? {
            memory.flatMap { $0 == MAP_FAILED ? nil : Int(bitPattern: $0) }
        }

        private static func text(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        }

        private static func refuse(_ sentence: String) -> Never {
            let line = Array("\(sentence)\n".utf8)
            _ = write(2, line, line.count)
            _exit(64)
        }
    }
#endif
