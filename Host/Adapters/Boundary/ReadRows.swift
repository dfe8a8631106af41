import CSluice
package import Domain

/// What reading a row needs beside the row.
struct RowContext {
    let reader: ReportReader
    /// When the query's first page was asked for.
    let asked: Timestamp
}

extension AdapterQuery where Row == OrderRow {
    package static var orders: AdapterQuery { make(.kind(SLUICE_QUERY_ORDERS), "orders") }
    package static func order(_ reference: OrderReference) -> AdapterQuery { make(.order(reference), "order") }

    private static func make(_ subject: QuerySubject, _ name: String) -> AdapterQuery {
        AdapterQuery(
            subject: subject, capability: .queryOrders, name: name, rowSize: EntitySize.orderUpdate, symbol: nil
        ) { pointer, context in
            let report = try context.reader.orderReport(pointer)
            let update = pointer.assumingMemoryBound(to: sluice_order_update.self)
            guard let order = try checkedEntity(update.pointee.order, size: EntitySize.order, "order") else {
                return OrderRow(report: report, terms: nil)
            }
            let instrument = try checkedEntity(
                order.pointee.instrument, size: EntitySize.instrument, "order.instrument")
            return OrderRow(
                report: report,
                terms: OrderRow.Terms(
                    symbol: try instrument.flatMap { try context.reader.instrument($0.pointee.id, "instrument.id") },
                    side: word(order.pointee.side), orderType: word(order.pointee.order_type),
                    product: word(order.pointee.product), timeInForce: word(order.pointee.time_in_force),
                    orderClass: word(order.pointee.order_class),
                    isAfterMarket: order.pointee.flags & SLUICE_ORDER_AFTER_MARKET != 0,
                    quantity: try context.reader.nonNegative(order.pointee.quantity, "order.quantity"),
                    price: try order.pointee.price.value("order.price"),
                    triggerPrice: try order.pointee.trigger_price.value("order.trigger_price"),
                    disclosedQuantity: try context.reader.nonNegative(
                        order.pointee.disclosed_quantity, "order.disclosed_quantity")))
        }
    }
}

extension AdapterQuery where Row == ExecutionReport {
    package static var trades: AdapterQuery<ExecutionReport> {
        AdapterQuery(
            subject: .kind(SLUICE_QUERY_TRADES), capability: .queryTrades, name: "trades",
            rowSize: EntitySize.tradeUpdate, symbol: nil
        ) { try $1.reader.executionReport($0) }
    }
}

extension AdapterQuery where Row == PositionReport {
    package static var positions: AdapterQuery<PositionReport> {
        AdapterQuery(
            subject: .kind(SLUICE_QUERY_POSITIONS), capability: .queryPositions, name: "positions",
            rowSize: MemoryLayout<sluice_position>.size, symbol: nil
        ) { pointer, context in
            let row = pointer.assumingMemoryBound(to: sluice_position.self)
            return PositionReport(
                account: try context.reader.id(row.pointee.account, "account"),
                symbol: try context.reader.requiredInstrument(row.pointee.instrument_id, "instrument_id"),
                product: word(row.pointee.product), quantity: try row.pointee.quantity.required("quantity"),
                averagePrice: try row.pointee.average_price.value("average_price"),
                realised: try row.pointee.realised.value("realised"))
        }
    }
}

extension AdapterQuery where Row == HoldingReport {
    package static var holdings: AdapterQuery<HoldingReport> {
        AdapterQuery(
            subject: .kind(SLUICE_QUERY_HOLDINGS), capability: .queryHoldings, name: "holdings",
            rowSize: MemoryLayout<sluice_holding>.size, symbol: nil
        ) { pointer, context in
            let row = pointer.assumingMemoryBound(to: sluice_holding.self)
            return HoldingReport(
                account: try context.reader.id(row.pointee.account, "account"),
                symbol: try context.reader.requiredInstrument(row.pointee.instrument_id, "instrument_id"),
                quantity: try row.pointee.quantity.required("quantity"), free: try row.pointee.free.value("free"),
                pledged: try row.pointee.pledged.value("pledged"),
                averagePrice: try row.pointee.average_price.value("average_price"))
        }
    }
}

extension AdapterQuery where Row == FundsReport {
    /// Rows without an `as_of` of their own hold for the instant at which the query left.
    package static var funds: AdapterQuery<FundsReport> {
        AdapterQuery(
            subject: .kind(SLUICE_QUERY_FUNDS), capability: .queryFunds, name: "funds",
            rowSize: MemoryLayout<sluice_funds>.size, symbol: nil
        ) { pointer, context in
            let row = pointer.assumingMemoryBound(to: sluice_funds.self)
            return FundsReport(
                account: try context.reader.id(row.pointee.account, "account"),
                currency: try context.reader.currency(row.pointee.currency, "currency"),
                cash: try row.pointee.cash.value("cash"), available: try row.pointee.available.value("available"),
                used: try row.pointee.used.value("used"), equity: try row.pointee.equity.value("equity"),
                asOf: timestamp(row.pointee.as_of) ?? context.asked)
        }
    }
}

extension AdapterQuery where Row == ProfileRow {
    package static var profile: AdapterQuery {
        AdapterQuery(
            subject: .kind(SLUICE_QUERY_PROFILE), capability: .queryProfile, name: "profile",
            rowSize: MemoryLayout<sluice_profile>.size, symbol: nil
        ) { pointer, context in
            let row = pointer.assumingMemoryBound(to: sluice_profile.self)
            return ProfileRow(
                account: try context.reader.id(row.pointee.account, "account"),
                brokerAccountID: try row.pointee.account_id.text("account_id"),
                name: try row.pointee.name.text("name", limit: 1024), owner: try row.pointee.owner.text("owner"),
                currency: try context.reader.optionalCurrency(row.pointee.currency, "currency"))
        }
    }
}

extension AdapterQuery where Row == InstrumentReading {
    package static var instruments: AdapterQuery {
        AdapterQuery(
            subject: .kind(SLUICE_QUERY_INSTRUMENTS), capability: .queryInstruments, name: "instruments",
            rowSize: MemoryLayout<sluice_instrument_row>.size, symbol: nil
        ) { pointer, context in
            let row = pointer.assumingMemoryBound(to: sluice_instrument_row.self)
            do throws(ContractBreach) {
                return .row(try context.reader.instrumentRow(row))
            } catch {
                let text = try? row.pointee.id.text("id", limit: Bounds.instrumentBytes)
                let names = InstrumentNames(
                    alias: (try? row.pointee.alias.text("alias")) ?? nil,
                    brokerData: (try? row.pointee.broker_data.bytes("broker_data", limit: Bounds.brokerDataBytes))
                        ?? nil)
                // Without an id the row stands for a part of the list that the adapter could not read; its name says why.
                let why = row.pointee.id.ptr == nil ? (try? row.pointee.name.text("name", limit: 1024)) ?? nil : nil
                return .refused(
                    id: text.flatMap { try? InstrumentID($0) }, shown: (text ?? nil) ?? names.alias ?? "",
                    field: why == nil ? error.field : "row", reason: why ?? error.reason, names: names)
            }
        }
    }
}

extension ReportReader {
    fileprivate func instrumentRow(
        _ row: UnsafePointer<sluice_instrument_row>
    ) throws(ContractBreach) -> InstrumentRow {
        InstrumentRow(
            id: try requiredInstrument(row.pointee.id, "id"), alias: try row.pointee.alias.text("alias"),
            brokerData: try row.pointee.broker_data.bytes("broker_data", limit: Bounds.brokerDataBytes),
            name: try row.pointee.name.text("name", limit: 1024),
            currency: try optionalCurrency(row.pointee.currency, "currency"),
            lotSize: try row.pointee.lot_size.value("lot_size"),
            multiplier: try row.pointee.multiplier.value("multiplier"),
            contractSize: try row.pointee.contract_size.value("contract_size"),
            tickSize: try row.pointee.tick.value("tick"),
            freezeQuantity: try row.pointee.freeze_quantity.value("freeze_quantity"),
            priceLow: try row.pointee.price_low.value("price_low"),
            priceHigh: try row.pointee.price_high.value("price_high"),
            minimumQuantity: try row.pointee.min_quantity.value("min_quantity"),
            maximumQuantity: try row.pointee.max_quantity.value("max_quantity"),
            isin: try row.pointee.isin.text("isin", limit: 12),
            underlying: try instrument(row.pointee.underlying, "underlying"))
    }
}

extension AdapterQuery where Row == MarginRow {
    /// Nothing is placed. The account of the query is that of the first order.
    package static func preview(_ orders: [SubmitCommand]) -> AdapterQuery {
        AdapterQuery(
            subject: .preview(orders), capability: .preview, name: "preview",
            rowSize: MemoryLayout<sluice_margin>.size, symbol: nil
        ) { pointer, context in
            let row = pointer.assumingMemoryBound(to: sluice_margin.self)
            return MarginRow(
                account: try context.reader.id(row.pointee.account, "account"),
                clientOrderID: try row.pointee.client_reference.clientOrderID("client_reference"),
                currency: try context.reader.optionalCurrency(row.pointee.currency, "currency"),
                required: try row.pointee.required.value("required"),
                charges: try row.pointee.charges.value("charges"),
                error: try readError(row.pointee.error, "error")?.value)
        }
    }
}

extension ReportReader {
    func requiredInstrument(_ text: sluice_str, _ field: StaticString) throws(ContractBreach) -> InstrumentID {
        guard let id = try instrument(text, field) else {
            throw ContractBreach("\(field)", "is absent; it is always set")
        }
        return id
    }

    func optionalCurrency(_ text: sluice_str, _ field: StaticString) throws(ContractBreach) -> Currency? {
        text.ptr == nil ? nil : try currency(text, field)
    }
}
