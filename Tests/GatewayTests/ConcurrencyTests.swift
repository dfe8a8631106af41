import Domain
import Engine
import Gateway
import Testing

@Suite(
    "Simultaneous parents", .enabled(if: GatewayFixture.hasAdapters, "the adapters are not built"), .serialized)
struct ConcurrencyTests {
    @Test("Any number of parents at once never reserve more together than a limit allows", arguments: 0..<4)
    func neverExceed(_ seed: UInt64) async throws {
        // Far above what the market trades at, so that nothing fills and every reservation stays.
        let fixture = try await GatewayFixture(
            accounts: 3,
            rms: """
                rms: 1
                profiles:
                  default:
                    max-position: { max: 100 }
                    max-open-orders: { max: 1000, per_instrument: 1000 }
                    message-rate: { windows: [ { limit: 10000, per: 1s } ] }
                    duplicate-order: { max: 1000, window: 2s }
                    gross-exposure: { max: "15000 USD" }
                # The reference price is 100.
                firm: { profile: default, limits: { gross-exposure: { max: "22000 USD" } } }

                """)
        let quantities = (0..<120 as Range<Int64>).map { number -> Int64 in
            let step = number * 7 + Int64(seed) * 13
            return 1 + step % 9
        }
        let admitted = await withTaskGroup(of: [String: Int64].self) { group in
            for (number, quantity) in quantities.enumerated() {
                group.addTask {
                    let account = number % 2 == 0 ? nil : "P\(1 + number % 3)"
                    let order = fixture.parent(.buy, quantity * 3, price: "95.00", account: account)
                    guard let run = try? await fixture.place(order, wait: .durable).run else { return [:] }
                    return Dictionary(
                        run.legs.filter { $0.reject == nil }.map {
                            ($0.account.rawValue, Int64($0.orderedQuantity.description) ?? 0)
                        }, uniquingKeysWith: +)
                }
            }
            return await group.reduce(into: [String: Int64]()) { $0.merge($1, uniquingKeysWith: +) }
        }
        #expect(admitted.values.allSatisfy { $0 <= 100 }, "seed \(seed): \(admitted)")
        #expect(admitted.values.reduce(0, +) <= 220, "seed \(seed): \(admitted)")
        #expect(admitted.values.reduce(0, +) > 150, "the limits are reached, not missed by far: \(admitted)")
        let open = fixture.gateway.positions(of: nil, authority: .everything).map(\.openBuyQuantity)
        #expect(open.reduce(0) { $0.adding($1) ?? 0 } == ExactDecimal(admitted.values.reduce(0, +)))
        await fixture.stop()
    }
}
