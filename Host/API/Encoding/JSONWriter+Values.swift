import Domain
import Engine

/// The gateway's values as INTERFACES.md §6 writes them: decimals as strings, times as RFC 3339 with microseconds.
extension JSONWriter {
    mutating func member(_ key: String, _ time: Timestamp?) { member(key, time?.rfc3339) }

    mutating func member(_ key: String, text money: Money?) { member(key, text: money?.amount) }

    /// A whole number as a string.
    mutating func member(_ key: String, text integer: Int64?) { member(key, text: integer.map { ExactDecimal($0) }) }

    mutating func list<Item>(_ key: String, _ items: some Sequence<Item>, _ write: (inout JSONWriter, Item) -> Void) {
        self.key(key)
        beginArray()
        for item in items { write(&self, item) }
        endArray()
    }

    mutating func list(_ key: String, _ words: some Sequence<String>) { list(key, words) { $0.string($1) } }

    mutating func object(_ write: (inout JSONWriter) -> Void) {
        beginObject()
        write(&self)
        endObject()
    }

    // MARK: Groups

    /// - Parameter carried: `Gateway.carry(of:)`, where it was asked for.
    mutating func group(
        _ group: ExecutionGroup,
        carried: [(underlying: String, isClosing: Bool, carry: [(AccountID, Int64)])]? = nil
    ) {
        object {
            $0.member("id", group.id.rawValue)
            $0.member("version", group.version)
            $0.member("policy", group.policy.rawName)
            $0.member("carry", group.carry.rawName)
            $0.member("mode", group.mode.rawName)
            $0.member("on_leg_failure", group.onLegFailure.rawName)
            $0.member("allow_unwind", group.allowsUnwind)
            $0.member("drop_below_min", group.dropsBelowMinimum)
            $0.member("redistribute", group.redistributes)
            $0.list("accounts", group.members) { $0.member($1) }
            if let carried {
                $0.list("carried", carried) { json, entry in
                    json.object {
                        $0.member("underlying", entry.underlying)
                        $0.member("closing", entry.isClosing)
                        $0.list("accounts", entry.carry) { json, share in
                            json.object {
                                $0.member("account_id", share.0.rawValue)
                                $0.member("lots", text: Self.lots(share.1))
                            }
                        }
                    }
                }
            }
            $0.member("created_at", group.createdAt)
            $0.member("updated_at", group.updatedAt)
        }
    }

    /// Units of 2^-32 lot as lots, rounded down at the sixth decimal: for people to read.
    private static func lots(_ units: Int64) -> ExactDecimal? {
        ExactDecimal(mantissa: (Int128(units) * 1_000_000) >> 32, exponent: -6)
    }

    mutating func member(_ member: ExecutionGroup.Member) {
        object {
            $0.member("account_id", member.account.rawValue)
            $0.member("enabled", member.isEnabled)
            $0.member("capital", text: member.capital)
            $0.member("weight", text: member.weight)
            $0.member("lots", text: member.lots)
            $0.member("risk_budget", text: member.riskBudget)
            $0.member("min_lots", text: member.minimumLots)
            $0.member("max_lots", text: member.maximumLots)
        }
    }

    // MARK: Positions

    mutating func position(_ position: PositionSnapshot) {
        object {
            $0.member("account_id", position.account.rawValue)
            $0.member("symbol", position.symbol.text)
            $0.member("currency", position.currency.description)
            $0.member("quantity", text: position.quantity)
            $0.member("average_price", text: position.averagePrice)
            $0.member("last_price", text: position.lastPrice)
            $0.member("open_buy_quantity", text: position.openBuyQuantity)
            $0.member("open_sell_quantity", text: position.openSellQuantity)
            $0.member("realised_pnl", text: position.realised)
            $0.member("unrealised_pnl", text: position.unrealised)
            $0.member("day_pnl", text: position.dayResult)
            $0.member("fees", text: position.fees)
        }
    }

    // MARK: Trading states

    mutating func tradingState(_ change: TradingStateChange) {
        object {
            $0.member("scope", change.scope.description)
            $0.member("state", change.status.rawName)
            $0.member("reason", change.reason)
            $0.member("by", change.by)
            $0.member("at", change.at)
        }
    }
}
