import AdapterKit
import AdapterTesting
import CSluice
import Exact
import Foundation
import Testing

/// What the boundary reads and what it refuses (ABI rules 4 and 31). A refused call reaches no adapter.
struct ContractTests {
    /// An order in plain C memory, with what it points to.
    private final class Fixture {
        let order = UnsafeMutablePointer<sluice_order>.allocate(capacity: 1)
        let instrument = UnsafeMutablePointer<sluice_instrument>.allocate(capacity: 1)
        private var texts: [UnsafeMutableRawPointer] = []

        init() {
            instrument.initialize(to: sluice_instrument())
            instrument.pointee.struct_size = UInt32(SLUICE_SIZE_instrument)
            instrument.pointee.id = text("NSE:EQ:RELIANCE")
            order.initialize(to: sluice_order())
            order.pointee.struct_size = UInt32(SLUICE_SIZE_order)
            order.pointee.side = SLUICE_SIDE_BUY
            order.pointee.order_type = SLUICE_ORDER_TYPE_LIMIT
            order.pointee.product = SLUICE_PRODUCT_INTRADAY
            order.pointee.time_in_force = SLUICE_TIF_DAY
            order.pointee.order_class = SLUICE_ORDER_CLASS_REGULAR
            order.pointee.client_reference = text("abcdefghij01234567")
            order.pointee.run_id = text("run")
            order.pointee.instrument = UnsafePointer(instrument)
            order.pointee.quantity = Fixture.decimal(10)
            order.pointee.price = Fixture.decimal(250_005, -2)
            order.pointee.options = text("{}")
        }

        deinit {
            for block in texts { block.deallocate() }
            order.deallocate()
            instrument.deallocate()
        }

        func text(_ bytes: [UInt8]) -> sluice_str {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
            bytes.withUnsafeBytes {
                if let start = $0.baseAddress { memory.copyMemory(from: start, byteCount: $0.count) }
            }
            texts.append(memory)
            return sluice_str(
                ptr: UnsafePointer(memory.assumingMemoryBound(to: CChar.self)), len: UInt64(bytes.count))
        }

        func text(_ text: String) -> sluice_str { self.text([UInt8](text.utf8)) }

        static func decimal(_ mantissa: Int64, _ exponent: Int32 = 0) -> sluice_decimal {
            sluice_decimal(
                low: UInt64(bitPattern: mantissa), high: mantissa < 0 ? -1 : 0, exponent: exponent,
                flags: UInt32(SLUICE_DECIMAL_PRESENT))
        }

        func submit(to host: ScriptedHost) -> Int32 {
            host.lane { functions, session in functions.pointee.submit(session, 1_000_000, order) }
        }
    }

    @Test(
        "A struct is never read beyond its own size, whatever that size is",
        arguments: Array(stride(from: 0, through: SLUICE_SIZE_order, by: 4)))
    func shortOrderIsNotOverrun(size: Int) throws {
        let script = Script()
        var seen: (price: ExactDecimal?, options: String?)?
        script.submit = { order, _ in seen = (order.price, order.options) }
        let host = try script.host()
        let fixture = Fixture()
        fixture.order.pointee.struct_size = UInt32(size)
        // The last `size` bytes before a page that may not be touched.
        let page = Int(getpagesize())
        let region = try #require(mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        defer { munmap(region, 2 * page) }
        #expect(mprotect(region + page, page, PROT_NONE) == 0)
        let place = region + page - max(size, 4)
        place.copyMemory(from: fixture.order, byteCount: max(size, 4))
        let status = host.lane { functions, session in
            functions.pointee.submit(session, 1_000_000, place.assumingMemoryBound(to: sluice_order.self))
        }
        let needed = SLUICE_AT_order_quantity + SLUICE_SIZE_decimal
        #expect(status == (size >= needed ? SLUICE_OK : SLUICE_ERR_INVALID))
        #expect((seen != nil) == (size >= needed))
        if let seen {
            #expect((seen.price != nil) == (size >= SLUICE_AT_order_price + SLUICE_SIZE_decimal))
            #expect((seen.options != nil) == (size >= SLUICE_AT_order_options + SLUICE_SIZE_str))
        }
    }

    @Test("A nested struct is bounded by its own size too")
    func shortInstrument() throws {
        let script = Script()
        var currency: String??
        script.submit = { order, _ in currency = order.instrument.currency }
        let host = try script.host()
        let fixture = Fixture()
        fixture.instrument.pointee.currency = fixture.text("INR")
        #expect(fixture.submit(to: host) == SLUICE_OK)
        #expect(currency == "INR")
        fixture.instrument.pointee.struct_size = UInt32(SLUICE_AT_instrument_currency)
        #expect(fixture.submit(to: host) == SLUICE_OK)
        #expect(currency == .some(nil))
        fixture.instrument.pointee.struct_size = UInt32(SLUICE_AT_instrument_id)
        #expect(fixture.submit(to: host) == SLUICE_ERR_INVALID)
    }

    @Test("A longer struct of a later minor is read as far as it is known")
    func longerStruct() throws {
        let host = try Script().host()
        let fixture = Fixture()
        let memory = UnsafeMutableRawPointer.allocate(byteCount: SLUICE_SIZE_order + 64, alignment: 8)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0xff, count: SLUICE_SIZE_order + 64)
        fixture.order.pointee.struct_size = UInt32(SLUICE_SIZE_order + 64)
        memory.copyMemory(from: fixture.order, byteCount: SLUICE_SIZE_order)
        let status = host.lane { functions, session in
            functions.pointee.submit(session, 1, memory.assumingMemoryBound(to: sluice_order.self))
        }
        #expect(status == SLUICE_OK)
    }

    static let badTexts: [[UInt8]] = [
        [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0xe2, 0x98], [UInt8](repeating: 0x61, count: 9) + [0x80],
    ]

    @Test("Text that is not UTF-8 refuses the call and names the field", arguments: badTexts)
    func invalidUTF8(bytes: [UInt8]) throws {
        let script = Script()
        let host = try script.host()
        let fields: [(String, (Fixture) -> Void)] = [
            ("client_reference", { $0.order.pointee.client_reference = $0.text(bytes) }),
            ("run_id", { $0.order.pointee.run_id = $0.text(bytes) }),
            ("options", { $0.order.pointee.options = $0.text(bytes) }),
            ("instrument.id", { $0.instrument.pointee.id = $0.text(bytes) }),
            ("instrument.alias", { $0.instrument.pointee.alias = $0.text(bytes) }),
            ("instrument.currency", { $0.instrument.pointee.currency = $0.text(bytes) }),
        ]
        for (field, spoil) in fields {
            let fixture = Fixture()
            spoil(fixture)
            #expect(fixture.submit(to: host) == SLUICE_ERR_INVALID)
            #expect(host.log.last?.fields == ["field": field])
        }
        #expect(script.calls == 0)
        #expect(host.completions.isEmpty)
    }

    @Test("Absent, empty and zero-holding text are told apart")
    func textEdges() throws {
        let script = Script()
        var runs: [String?] = []
        script.submit = { order, _ in runs.append(order.runID) }
        let host = try script.host()
        for text in [nil, "", "a\0b", "☂ umbrella"] as [String?] {
            let fixture = Fixture()
            fixture.order.pointee.run_id = text.map { fixture.text($0) } ?? sluice_str()
            #expect(fixture.submit(to: host) == SLUICE_OK)
        }
        #expect(runs == [nil, "", "a\0b", "☂ umbrella"])
    }

    @Test("A field outside its range refuses the call and names the field")
    func ranges() throws {
        let script = Script()
        let host = try script.host()
        let spoils: [(String, (UnsafeMutablePointer<sluice_order>) -> Void)] = [
            ("account", { $0.pointee.account = 1 }), ("side", { $0.pointee.side = 0 }),
            ("side", { $0.pointee.side = 3 }),
            ("order_type", { $0.pointee.order_type = 5 }), ("product", { $0.pointee.product = 0 }),
            ("time_in_force", { $0.pointee.time_in_force = 6 }), ("order_class", { $0.pointee.order_class = 99 }),
            ("client_reference", { $0.pointee.client_reference = sluice_str() }),
            ("client_reference", { $0.pointee.client_reference.len = 24 }),
            ("instrument", { $0.pointee.instrument = nil }),
            ("quantity", { $0.pointee.quantity = sluice_decimal() }),
            ("quantity", { $0.pointee.quantity = Fixture.decimal(0) }),
            ("quantity", { $0.pointee.quantity = Fixture.decimal(-1) }),
            ("price", { $0.pointee.price = Fixture.decimal(1, 39) }),
            ("trigger_price", { $0.pointee.trigger_price = Fixture.decimal(1, -39) }),
            ("run_id", { $0.pointee.run_id = sluice_str(ptr: nil, len: 3) }),
            ("options", { $0.pointee.options.len = UInt64.max }),
        ]
        for (field, spoil) in spoils {
            let fixture = Fixture()
            spoil(fixture.order)
            #expect(fixture.submit(to: host) == SLUICE_ERR_INVALID)
            #expect(host.log.last?.fields == ["field": field])
        }
        #expect(script.calls == 0)
    }

    @Test("Null where something must be is a broken contract, never a crash")
    func nulls() throws {
        let host = try Script().host()
        let calls: [(UnsafePointer<sluice_session_functions>, OpaquePointer) -> Int32] = [
            { $0.pointee.submit($1, 1, nil) }, { $0.pointee.modify($1, 1, nil, nil) },
            { $0.pointee.cancel($1, 1, nil) },
            { $0.pointee.cancel_all($1, 1, nil) }, { $0.pointee.query($1, SLUICE_QUERY_FUNDS, 1, nil) },
            { functions, _ in functions.pointee.open(nil, 1) }, { $0.pointee.open($1, 0) },
            { $0.pointee.submit_batch($1, sluice_span(ptr: nil, count: 1, stride: 24, reserved: 0)) },
            { $0.pointee.reconcile($1, sluice_span(ptr: nil, count: 1, stride: 24, reserved: 0)) },
        ]
        for call in calls { #expect(host.lane(call) == SLUICE_ERR_INVALID) }
        host.lane { functions, session in
            functions.pointee.destroy(nil)
            functions.pointee.on_quote(session, sluice_span(ptr: nil, count: 2, stride: 8, reserved: 0))
            return SLUICE_OK
        }
    }

    @Test("Batches are stepped by their stride, and an element longer than it is refused")
    func strides() throws {
        let script = Script()
        var tokens: [UInt64] = []
        script.submit = { _, command in tokens.append(command.token) }
        let host = try script.host()
        let fixture = Fixture()
        func batch(stride: Int, size: Int, count: Int = 3) -> Int32 {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: stride * count, alignment: 8)
            defer { memory.deallocate() }
            memory.initializeMemory(as: UInt8.self, repeating: 0xee, count: stride * count)
            for index in 0..<count {
                let item = memory + index * stride
                item.storeBytes(of: UInt32(size), as: UInt32.self)
                item.storeBytes(of: UInt64(index + 1), toByteOffset: SLUICE_AT_batch_item_token, as: UInt64.self)
                item.storeBytes(
                    of: UInt64(UInt(bitPattern: fixture.order)), toByteOffset: SLUICE_AT_batch_item_order,
                    as: UInt64.self)
            }
            let span = sluice_span(ptr: memory, count: UInt64(count), stride: UInt32(stride), reserved: 0)
            return host.lane { functions, session in functions.pointee.submit_batch(session, span) }
        }
        #expect(batch(stride: 24, size: 24) == SLUICE_OK)
        #expect(batch(stride: 104, size: 40) == SLUICE_OK)
        #expect(tokens == [1, 2, 3, 1, 2, 3])
        #expect(batch(stride: 24, size: 32) == SLUICE_ERR_INVALID)
        #expect(batch(stride: 24, size: 16) == SLUICE_ERR_INVALID)  // too short to hold its order
        #expect(batch(stride: 24, size: 24, count: 11) == SLUICE_ERR_INVALID)  // above max_batch
        #expect(tokens.count == 6)
    }

    @Test("One broken order refuses the whole batch, so that no token is left open")
    func brokenBatch() throws {
        let script = Script()
        let host = try script.host()
        let sent = host.submitBatch([limitOrder("a"), limitOrder("b", account: 5), limitOrder("c")])
        #expect(sent.allSatisfy { $0.status == .invalid })
        #expect(script.calls == 0)
        #expect(host.openTokens.isEmpty)
    }

    @Test("What is not declared answers unsupported and emits nothing")
    func undeclared() throws {
        let host = try ScriptedHost(Mute.self)
        let identity = OrderIdentity(account: 0, brokerOrderID: "B")
        var sent = [
            host.submit(limitOrder()), host.modify(identity, price: 1, clientReference: reference("r")),
            host.cancel(identity), host.cancelAll(), host.preview([limitOrder()]),
        ]
        sent += host.submitBatch([limitOrder()]) + host.reconcile([(identity, nil)])
        for kind in 1...9 as ClosedRange<UInt32> {
            if let kind = QueryKind(rawValue: kind) { sent.append(host.query(kind)) }
        }
        #expect(sent.count == 16)
        #expect(sent.allSatisfy { $0.status == .unsupported })
        #expect(host.completions.isEmpty)
        #expect(host.log.isEmpty)
        #expect(host.violations.isEmpty)
    }

    @Test("A modify that names an unknown field, nothing, or an absent value is refused")
    func brokenChanges() throws {
        let script = Script()
        let host = try script.host()
        func modify(_ spoil: (inout sluice_changes) -> Void) -> Int32 {
            var reference = sluice_order_ref()
            reference.struct_size = UInt32(SLUICE_SIZE_order_ref)
            var changes = sluice_changes()
            changes.struct_size = UInt32(SLUICE_SIZE_changes)
            changes.fields = SLUICE_CHANGE_PRICE
            changes.price = Fixture.decimal(1)
            spoil(&changes)
            return host.lane { functions, session in functions.pointee.modify(session, 1, &reference, &changes) }
        }
        #expect(modify { _ in } == SLUICE_OK)
        #expect(modify { $0.fields = 0 } == SLUICE_ERR_INVALID)
        let options = #"{"validity_minutes":10}"#
        options.withCString { text in
            let alone = sluice_str(ptr: text, len: UInt64(options.utf8.count))
            #expect(
                modify {
                    $0.fields = 0
                    $0.options = alone
                } == SLUICE_OK, "a modify may be of options alone")
            #expect(
                modify {
                    $0.fields = 0
                    $0.options = sluice_str(ptr: text, len: 0)
                } == SLUICE_ERR_INVALID)
        }
        #expect(modify { $0.fields |= 0x40 } == SLUICE_ERR_INVALID)
        #expect(modify { $0.price = sluice_decimal() } == SLUICE_ERR_INVALID)
        #expect(modify { $0.fields = SLUICE_CHANGE_QUANTITY } == SLUICE_ERR_INVALID)
        #expect(modify { $0.struct_size = UInt32(SLUICE_AT_changes_price) } == SLUICE_ERR_INVALID)
        #expect(script.calls == 2)
    }

    @Test("A host table with an empty slot, or a short one, makes no session")
    func brokenHost() throws {
        let module = try ScriptedHost(Mute.self).module
        var account = sluice_account()
        account.struct_size = UInt32(SLUICE_SIZE_account)
        let fixture = Fixture()
        account.id = fixture.text("A")
        func create(_ size: Int) -> Int32 {
            var (host, session, error) = (sluice_host(), OpaquePointer?.none, sluice_str())
            host.struct_size = UInt32(size)
            return withUnsafeMutablePointer(to: &account) { account in
                var options = sluice_session_options()
                options.struct_size = UInt32(SLUICE_SIZE_session_options)
                options.role = SLUICE_ROLE_TRADING
                options.environment = SLUICE_ENVIRONMENT_SANDBOX
                options.accounts = sluice_span(
                    ptr: account, count: 1, stride: UInt32(SLUICE_SIZE_account), reserved: 0)
                let status = module.pointee.session_create(module, &host, &options, &session, &error)
                #expect(session == nil)
                #expect(error.ptr != nil)
                return status
            }
        }
        #expect(create(SLUICE_SIZE_host) == SLUICE_ERR_INVALID)
        #expect(create(SLUICE_AT_host_get_extension) == SLUICE_ERR_INVALID)
    }
}

/// Values cross the boundary unchanged.
struct ValueTests {
    @Test("Decimals cross exactly, in both directions", arguments: 0..<200)
    func decimals(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let digits = Int.random(in: 0...127, using: &random)
        let magnitude = Int128(truncatingIfNeeded: random.next()) << 64 | Int128(random.next())
        let mantissa = magnitude >> Int128(127 - digits)
        let value = try #require(
            ExactDecimal(
                mantissa: mantissa == Int128.min ? 0 : mantissa, exponent: Int.random(in: -38...38, using: &random)))
        let script = Script()
        var seen: ExactDecimal?
        script.submit = { order, command in
            seen = order.price
            command.host.orderUpdate([OrderUpdate(OrderIdentity(account: 0), .open, averagePrice: order.price)])
            command.accept()
        }
        let host = try script.host()
        host.submit(limitOrder(price: value))
        #expect(seen == value)
        #expect(host.orderUpdates.first?.averagePrice == value)
    }

    @Test("A client reference keeps its text, whatever its length", arguments: 1...23)
    func references(length: Int) {
        let text = String("abcdefghijklmnopqrstuvw".prefix(length))
        #expect(ClientReference(text)?.description == text)
        #expect(ClientReference(text) == ClientReference(text))
        #expect(ClientReference(text) != ClientReference(text + "0") || length == 23)
        #expect(ClientReference(text + "\0") != ClientReference(text))
    }

    @Test("A client reference that is empty or too long is none")
    func noReference() {
        #expect(ClientReference("") == nil)
        #expect(ClientReference(String(repeating: "a", count: 24)) == nil)
        #expect(ClientReference.absent.isAbsent)
    }

    @Test("Text of any length crosses whole", arguments: [0, 1, 15, 16, 4095, 4096, 65_536, 1_000_000])
    func longText(length: Int) throws {
        let script = Script()
        let text = String(repeating: "ü", count: length)
        script.submit = { _, command in command.reject(AdapterError(.other, brokerText: text)) }
        let host = try script.host()
        for _ in 0..<3 {  // the memory of the calls grows, is given back, and is used again
            #expect(host.completion(of: host.submit(limitOrder()))?.error?.brokerText == text)
        }
    }
}

/// A small generator of numbers from a seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
