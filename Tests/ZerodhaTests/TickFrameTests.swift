import Exact
import Testing

@testable import Zerodha

@Suite("Binary price frames")
struct TickFrameTests {
    private func bytes(hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
        }
    }

    private func price(_ raw: Int32?, _ packet: TickPacket) -> ExactDecimal? {
        raw.flatMap { ExactDecimal(mantissa: Int128($0), exponent: packet.priceExponent) }
    }

    @Test("Every recorded frame decodes to its recorded values", .needsReferenceData)
    func generated() throws {
        let frames = try #require(try Recorded.json("ticks/generated.json")["frames"]?.array)
        var compared = 0
        for frame in frames {
            let id = Comment(rawValue: frame["id"]?.string ?? "")
            let raw = bytes(hex: try #require(frame["frame_hex"]?.string))
            let expected = try #require(frame["packets"]?.array)
            try raw.withUnsafeBytes { raw in
                let packets = Array(TickFrame(raw))
                try #require(packets.count == expected.count, id)
                for (packet, expected) in zip(packets, expected) {
                    compared += try compare(packet, expected, id)
                }
            }
        }
        #expect(frames.count >= 11)
        #expect(compared > 200)
    }

    /// Compares every member that the recording states; the number of them.
    private func compare(_ packet: TickPacket, _ expected: JSONValue, _ id: Comment) throws -> Int {
        var compared = 0
        for (key, value) in try #require(expected.object) {
            let number: ExactDecimal? =
                switch key {
                case "instrument_token": ExactDecimal(Int64(packet.token))
                case "segment": ExactDecimal(Int64(packet.token & 0xff))
                case "divisor": ExactDecimal(mantissa: 1, exponent: -packet.priceExponent)
                case "last_price": price(packet.last, packet)
                case "last_traded_quantity": packet.lastQuantity.map { ExactDecimal(Int64($0)) }
                case "average_traded_price": price(packet.average, packet)
                case "volume_traded": packet.volume.map { ExactDecimal(Int64($0)) }
                case "total_buy_quantity": packet.totalBidQuantity.map { ExactDecimal(Int64($0)) }
                case "total_sell_quantity": packet.totalAskQuantity.map { ExactDecimal(Int64($0)) }
                case "open": price(packet.open, packet)
                case "high": price(packet.high, packet)
                case "low": price(packet.low, packet)
                case "close": price(packet.close, packet)
                case "last_trade_time_epoch": packet.lastTradeTime.map { ExactDecimal(Int64($0)) }
                case "oi": packet.openInterest.map { ExactDecimal(Int64($0)) }
                case "oi_day_high": packet.openInterestHigh.map { ExactDecimal(Int64($0)) }
                case "oi_day_low": packet.openInterestLow.map { ExactDecimal(Int64($0)) }
                case "exchange_timestamp_epoch": packet.exchangeTime.map { ExactDecimal(Int64($0)) }
                default: nil
                }
            switch key {
            case "tradable": #expect(value.bool == !packet.isIndex, id)
            case "is_index": #expect(value.bool == packet.isIndex, id)
            case "mode", "price_change_raw": continue
            case "depth": compared += try compareDepth(packet, value, id)
            default: #expect(value.decimal == number, "\(id) \(key)")
            }
            compared += 1
        }
        return compared
    }

    private func compareDepth(_ packet: TickPacket, _ depth: JSONValue, _ id: Comment) throws -> Int {
        var compared = 0
        for (side, isBid) in [("buy", true), ("sell", false)] {
            let levels = try #require(depth[side]?.array)
            #expect(levels.count == 5, id)
            for (index, expected) in levels.enumerated() {
                let level = try #require(packet.level(index, isBid: isBid))
                #expect(expected["price"]?.decimal == price(level.price, packet), id)
                #expect(expected["quantity"]?.int64 == Int64(level.quantity), id)
                #expect(expected["orders"]?.int64 == Int64(level.orders), id)
                compared += 3
            }
        }
        return compared
    }

    @Test("A frame that is cut anywhere gives the packets before the cut and never reads beyond", arguments: 0..<64)
    func cut(at length: Int) {
        // Two packets of 8 and 28 bytes.
        let whole: [UInt8] =
            [0, 2, 0, 8] + Array(repeating: 1, count: 8) + [0, 28] + Array(repeating: 2, count: 28)
        let cut = Array(whole.prefix(length))
        cut.withUnsafeBytes { bytes in
            var frame = TickFrame(bytes)
            var count = 0
            while frame.next() != nil { count += 1 }
            let whole = length >= 42
            #expect(count == (whole ? 2 : length >= 12 ? 1 : 0))
            #expect(frame.isCut == (length >= 2 && !whole))
        }
    }

    @Test("A packet of a length that no mode has is skipped, and what follows is read")
    func unknownLength() {
        let bytes: [UInt8] = [0, 2, 0, 3, 9, 9, 9, 0, 8, 0, 0, 1, 1, 0, 0, 0, 100]
        bytes.withUnsafeBytes { bytes in
            var frame = TickFrame(bytes)
            #expect(frame.next()?.last == 100)
            #expect(frame.next() == nil)
            #expect(frame.unknown == 1)
            #expect(!frame.isCut)
        }
    }

    @Test(
        "A side of the book is told whole, whatever stands in front of it before the open or is missing in the middle")
    func levels() throws {
        var bytes = [UInt8](repeating: 0, count: 184)
        func put(_ level: Int, _ quantity: UInt8, _ price: UInt8, _ orders: UInt8) {
            let start = 64 + level * 12
            (bytes[start + 3], bytes[start + 7], bytes[start + 9]) = (quantity, price, orders)
        }
        put(0, 50, 0, 3)
        put(1, 10, 100, 1)
        put(3, 20, 99, 2)
        put(5, 10, 101, 1)
        let tick = try bytes.withUnsafeBytes { bytes in
            try #require(TickPacket(bytes)).tick(
                Stream.Subscription(uid: 1, instrumentID: "NSE:EQ:INFY", mode: .depth, lotSize: nil))
        }
        #expect(tick.bids.map(\.quantity) == [50, 10, 20])
        #expect(tick.bids.map(\.price) == [0, 1, ExactDecimal("0.99")])
        #expect(tick.asks.map(\.price) == [ExactDecimal("1.01")])
    }
}
