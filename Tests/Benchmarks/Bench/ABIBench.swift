import AdapterKit
import CBench
import CSluice
import Minimal

/// An adapter in Swift that accepts every order at once: what the kit costs, and nothing else.
final class Echo: BrokerAdapter {
    static let descriptor = Descriptor(id: "echo", name: "Echo", version: "1.0.0", capabilities: [.submit])
    private var seen: UInt64 = 0

    init(host: Host, options: SessionOptions) throws(AdapterFailure) {}

    func submit(_ order: Order, _ command: Command) {
        guard order.type == .limit, order.quantity > .zero else {
            command.notSent(AdapterError(.unsupported, "only LIMIT is taken", field: "order_type"))
            return
        }
        seen &+= 1
        command.accept(brokerOrderID: "E1", state: .open)
    }
}

/// A session of an adapter that is linked into this program, called as the host would call it.
final class RawSession {
    let functions: UnsafePointer<sluice_session_functions>
    let session: OpaquePointer
    let heard = UnsafeMutablePointer<cbench_heard>.allocate(capacity: 1)
    private let table = UnsafeMutablePointer<sluice_host>.allocate(capacity: 1)
    private let texts: UnsafeMutablePointer<CChar>
    /// Orders that differ in their references alone.
    let orders: UnsafeMutablePointer<sluice_order>
    private let instrument = UnsafeMutablePointer<sluice_instrument>.allocate(capacity: 1)
    static let count = 65_536

    init(_ entry: (UnsafePointer<sluice_hello>, UnsafeMutablePointer<sluice_reply>) -> Int32) throws {
        var hello = sluice_hello()
        hello.struct_size = UInt32(MemoryLayout<sluice_hello>.size)
        (hello.mode, hello.magic) = (SLUICE_MODE_IN_PROCESS, SLUICE_MAGIC)
        (hello.vocabulary_min, hello.vocabulary_max) = (1, 1)
        var reply = sluice_reply()
        reply.struct_size = UInt32(MemoryLayout<sluice_reply>.size)
        guard entry(&hello, &reply) == 0, let module = reply.module else { throw BenchFailure("the adapter refused") }
        heard.initialize(to: cbench_heard())
        table.initialize(to: cbench_host(heard))
        // "A1", "USD", "{}", the instrument, then the references of 18 letters.
        let fixed = Array("A1USD{}US:EQ:ACME".utf8)
        let texts = UnsafeMutablePointer<CChar>.allocate(capacity: fixed.count + Self.count * 18)
        self.texts = texts
        for (index, byte) in fixed.enumerated() { texts[index] = CChar(bitPattern: byte) }
        func text(_ start: Int, _ length: Int) -> sluice_str { sluice_str(ptr: texts + start, len: UInt64(length)) }
        var account = sluice_account()
        account.struct_size = UInt32(MemoryLayout<sluice_account>.size)
        (account.id, account.currency, account.config) = (text(0, 2), text(2, 3), text(5, 2))
        var made: OpaquePointer?
        let table = table
        try withUnsafePointer(to: &account) { pointer in
            var options = sluice_session_options()
            options.struct_size = UInt32(MemoryLayout<sluice_session_options>.size)
            (options.role, options.environment) = (SLUICE_ROLE_TRADING, SLUICE_ENVIRONMENT_SANDBOX)
            options.login = text(0, 2)
            options.accounts = sluice_span(
                ptr: pointer, count: 1, stride: UInt32(MemoryLayout<sluice_account>.size), reserved: 0)
            var words = sluice_str()
            guard module.pointee.session_create(module, table, &options, &made, &words) == 0 else {
                throw BenchFailure("no session was made")
            }
        }
        guard let made else { throw BenchFailure("no session was made") }
        (session, functions) = (made, module.pointee.session)
        instrument.initialize(to: sluice_instrument())
        instrument.pointee.struct_size = UInt32(MemoryLayout<sluice_instrument>.size)
        instrument.pointee.uid = 1
        (instrument.pointee.id, instrument.pointee.currency) = (text(7, 10), text(2, 3))
        instrument.pointee.lot_size = Self.decimal(1)
        instrument.pointee.multiplier = Self.decimal(1)
        instrument.pointee.tick = Self.decimal(1, -2)
        orders = .allocate(capacity: Self.count)
        var order = sluice_order()
        order.struct_size = UInt32(MemoryLayout<sluice_order>.size)
        (order.side, order.order_type, order.product) = (
            SLUICE_SIDE_BUY, SLUICE_ORDER_TYPE_LIMIT, SLUICE_PRODUCT_INTRADAY
        )
        (order.time_in_force, order.order_class) = (SLUICE_TIF_DAY, SLUICE_ORDER_CLASS_REGULAR)
        order.instrument = UnsafePointer(instrument)
        (order.quantity, order.price) = (Self.decimal(10), Self.decimal(10_050, -2))
        for index in 0..<Self.count {
            let start = fixed.count + index * 18
            var rest = index
            for place in 0..<18 {
                texts[start + 17 - place] = CChar(97 + rest % 26)
                rest /= 26
            }
            order.client_reference = text(start, 18)
            orders[index] = order
        }
        _ = functions.pointee.open(session, 1)
    }

    deinit {
        functions.pointee.destroy(session)
        orders.deallocate()
        instrument.deallocate()
        texts.deallocate()
        table.deallocate()
        heard.deallocate()
    }

    static func decimal(_ mantissa: Int64, _ exponent: Int32 = 0) -> sluice_decimal {
        sluice_decimal(
            low: UInt64(bitPattern: mantissa), high: mantissa < 0 ? -1 : 0, exponent: exponent,
            flags: SLUICE_DECIMAL_PRESENT)
    }

    /// Lets every resting buy order trade.
    func quote() {
        var quote = sluice_quote()
        quote.struct_size = UInt32(MemoryLayout<sluice_quote>.size)
        quote.instrument = 1
        quote.instrument_id = instrument.pointee.id
        (quote.bid, quote.ask) = (Self.decimal(90), Self.decimal(91))
        withUnsafePointer(to: &quote) { pointer in
            functions.pointee.on_quote(
                session,
                sluice_span(ptr: pointer, count: 1, stride: UInt32(MemoryLayout<sluice_quote>.size), reserved: 0))
        }
    }
}

/// One call of the host into an adapter that ends in the adapter's completion, within the same call.
func measureABI(_ bench: Bench) async throws {
    let minimal = try RawSession { minimal_entry($0, $1) }
    try measureSubmits(bench, minimal, "Minimal (C)", budget: 50, quotes: true)
    var reference = sluice_order_ref()
    reference.struct_size = UInt32(MemoryLayout<sluice_order_ref>.size)
    reference.client_reference = minimal.orders[0].client_reference
    let before = minimal.heard.pointee.completions
    var calls: UInt64 = 0
    let cancels = bench.sample(calls: 256) {
        for _ in 0..<$0 { _ = minimal.functions.pointee.cancel(minimal.session, 9, &reference) }
        calls += UInt64($0)
    }
    bench.expect(minimal.heard.pointee.completions - before == calls, "a cancel was not completed")
    bench.report(Row("ABI: cancel of an order that is gone, Minimal (C)", cancels, floor: Floor.pointer))
    let echo = try RawSession { adapterEntry(Echo.self, UnsafeRawPointer($0), UnsafeMutableRawPointer($1)) }
    try measureSubmits(bench, echo, "AdapterKit (Swift)", budget: 150, quotes: false)
}

private func measureSubmits(_ bench: Bench, _ raw: RawSession, _ name: String, budget: Int64, quotes: Bool) throws {
    let batch = 256
    var (next, calls) = (0, UInt64(0))
    var samples = Samples(tenths: true)
    let functions = raw.functions.pointee
    var allocations: UInt64 = 0
    let end = Clock.now() + Int64(bench.isQuick ? 30 : 600) * 1_000_000
    var isWarm = false
    repeat {
        let before = cbench_allocations()
        let start = Clock.now()
        for index in next..<(next + batch) { _ = functions.submit(raw.session, UInt64(index) + 1, raw.orders + index) }
        let took = Clock.now() - start
        allocations += cbench_allocations() - before
        if isWarm { samples.add(took, over: batch) }
        calls += UInt64(batch)
        next = (next + batch) % RawSession.count
        isWarm = isWarm || calls > 4_096
        if quotes { raw.quote() }
    } while Clock.now() < end
    bench.expect(
        raw.heard.pointee.accepted == calls, "\(name): \(raw.heard.pointee.accepted) of \(calls) orders were accepted")
    if quotes {
        bench.expect(
            raw.heard.pointee.trade_updates == calls,
            "\(name): \(raw.heard.pointee.trade_updates) of \(calls) were filled")
    }
    bench.report(
        Row(
            "ABI: submit to completion, \(name)", samples, budget: budget, floor: Floor.pointer,
            note: "\(allocations) allocations in \(calls) calls"))
}
